-- Findings beyond the QARTOD tests, and anomalies.

alter table quality_flag drop constraint quality_flag_test_check;
alter table quality_flag add constraint quality_flag_test_check check (test in
    ('gross_range', 'spike', 'rate_of_change', 'flat_line', 'time_gap', 'battery', 'radio',
     'clock', 'link_rain_level', 'link_neighbour', 'link_flood_power'));
comment on table quality_flag is 'sparse: only what a test found suspect (3) or failed (4)';

create table link_check (
    park_id integer primary key references park,
    checked_to timestamptz not null
);
comment on table link_check is 'up to which hour sensors were compared with one another';

create table anomaly (
    series integer not null,
    ts timestamptz not null,
    score real not null check (score between 0 and 1),
    kind text not null,
    value double precision not null,
    expected double precision,
    reason_zh text not null,
    reason_en text not null,
    found_at timestamptz not null default now(),
    unique (series, ts)
);
select create_hypertable('anomaly', by_range('ts', interval '90 days'), create_default_indexes => false);
create index on anomaly (ts, series);
comment on table anomaly is 'sparse: readings that the streaming detector scored 0.99 and more, when they came';
comment on column anomaly.kind is 'stream of the detector that was most surprised';
comment on column anomaly.expected is 'what was usual instead, in the unit of the series';
