-- Findings of the quality tests beside the readings, which stay as they came.

create table quality_flag (
    series integer not null,
    ts timestamptz not null,
    test text not null check (test in
        ('gross_range', 'spike', 'rate_of_change', 'flat_line', 'time_gap')),
    flag smallint not null check (flag in (3, 4)),
    unique (series, ts, test)
);
select create_hypertable('quality_flag', by_range('ts', interval '90 days'), create_default_indexes => false);
comment on table quality_flag is 'sparse: only what a QARTOD test found suspect (3) or failed (4)';

create table quality_pending (
    series integer primary key,
    low timestamptz not null,
    high timestamptz not null
);
comment on table quality_pending is 'stretches whose findings must be computed again from the readings: late, corrected, or of a series whose state is not in memory';
