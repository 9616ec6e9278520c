-- The foundation: registry, readings, ledger, quarantine, batch log, rollups,
-- KPIs, rules, alerts, outbox. Times are UTC; periods are [start, end).

create extension if not exists timescaledb;

-- Registry ------------------------------------------------------------------

create table park (
    id integer generated always as identity primary key,
    code text not null unique check (code ~ '^[A-Za-z0-9._:-]{1,64}$'),
    name_zh text not null,
    name_en text not null,
    grade text not null default 'growth' check (grade in ('demonstration', 'growth')),
    clock text not null default 'wall' check (clock in ('wall', 'data')),
    data_now timestamptz,
    zone text not null default 'Asia/Shanghai',
    accept_from timestamptz not null,
    simulated boolean not null default false,
    created_at timestamptz not null default now()
);
comment on column park.data_now is 'newest sent time; the clock of a park whose clock is data';
comment on column park.accept_from is 'an observed time before this is quarantined as clock_past';

create table place (
    id integer generated always as identity primary key,
    park_id integer not null references park,
    code text not null check (code ~ '^[A-Za-z0-9._:-]{1,64}$'),
    parent_id integer references place,
    kind text not null check (kind in
        ('area', 'building', 'machine_hall', 'compartment', 'river_section', 'road', 'field')),
    name_zh text not null,
    name_en text not null,
    unique (park_id, code)
);

create table device (
    id integer generated always as identity primary key,
    park_id integer not null references park,
    place_id integer references place,
    code text not null check (code ~ '^[A-Za-z0-9._:-]{1,64}$'),
    kind text not null default 'unknown',
    name_zh text not null,
    name_en text not null,
    state text not null default 'active' check (state in ('active', 'discovered', 'retired')),
    clock text not null default 'trusted' check (clock in ('trusted', 'untrusted')),
    report_interval_s integer not null default 900 check (report_interval_s > 0),
    created_at timestamptz not null default now(),
    unique (park_id, code)
);
create index on device (place_id);

create table series (
    id integer generated always as identity primary key,
    device_id integer not null references device,
    metric text not null,
    kind text not null check (kind in ('gauge', 'counter', 'interval', 'state')),
    stamp text not null default 'end' check (stamp in ('start', 'end')),
    report_interval_s integer not null check (report_interval_s > 0),
    modulus double precision check (modulus > 0),
    created_at timestamptz not null default now(),
    unique (device_id, metric)
);
comment on column series.stamp is 'whether an interval value was sent with its start or its end; stored with its end';
comment on column series.modulus is 'value at which a counter rolls over, in the unit of the metric';

create table calibration (
    series_id integer not null references series,
    valid_from timestamptz not null,
    scale double precision not null check (scale <> 0),
    value_offset double precision not null default 0,
    source text not null,
    primary key (series_id, valid_from)
);
comment on table calibration is 'dated: stored = scale * sent + value_offset (CT ratio, level base)';

create table data_centre (
    id integer generated always as identity primary key,
    park_id integer not null references park,
    place_id integer references place,
    code text not null check (code ~ '^[A-Za-z0-9._:-]{1,64}$'),
    name_zh text not null,
    name_en text not null,
    commissioned date not null,
    standard_racks integer not null check (standard_racks >= 0),
    unique (park_id, code)
);

create table meter (
    id integer generated always as identity primary key,
    data_centre_id integer not null references data_centre,
    series_id integer not null references series,
    parent_id integer references meter,
    role text not null check (role in (
        'grid_import', 'grid_export', 'generator', 'pv', 'wind', 'hydro', 'storage',
        'green_power', 'delivered_cooling', 'fuel', 'foreign_load',
        'ups_input', 'ups_output', 'pdu_output', 'rack', 'cooling', 'lighting', 'other')),
    valid_from timestamptz not null default '-infinity',
    valid_to timestamptz not null default 'infinity',
    unique (data_centre_id, series_id, role)
);
create index on meter (series_id);

create table target (
    id integer generated always as identity primary key,
    kpi text not null check (kpi in ('pue', 'ref')),
    comparison text not null check (comparison in ('lt', 'ge')),
    value double precision not null,
    coverage_floor double precision not null default 0.95,
    valid_from date not null,
    valid_to date,
    commissioned_from date,
    min_standard_racks integer not null default 0,
    source text not null
);
comment on column target.commissioned_from is 'scope: data centres commissioned on or after this day';
insert into target (kpi, comparison, value, valid_from, commissioned_from, min_standard_racks, source) values
    ('pue', 'lt', 1.25, '2023-12-28', '2023-12-28', 3000,
     'Shandong, opinion on accelerating the high-quality development of the digital economy, 2023-12-28, item 14'),
    ('ref', 'ge', 0.25, '2023-12-28', null, 0,
     'Shandong, opinion on accelerating the high-quality development of the digital economy, 2023-12-28, item 14');

-- Readings ------------------------------------------------------------------

create table reading (
    series integer not null,
    ts timestamptz not null,
    value double precision not null,
    quality smallint not null,
    unique (series, ts)
);
select create_hypertable('reading', by_range('ts', interval '7 days'), create_default_indexes => false);
comment on column reading.quality is 'ingest''s flag in QARTOD terms: 1 good, 2 not evaluated, 3 suspect, 4 fail';

create table raw_horizon (
    one boolean primary key default true check (one),
    horizon timestamptz not null default '-infinity'
);
insert into raw_horizon default values;
comment on table raw_horizon is 'readings before this may have been dropped: nothing older is computed from readings';

create table reading_audit (
    series integer not null,
    ts timestamptz not null,
    old_value double precision not null,
    old_quality smallint not null,
    new_value double precision not null,
    at timestamptz not null default now(),
    cause text not null
);
create index on reading_audit (series, ts);

create table ledger (
    hour timestamptz not null,
    source text not null,
    writer text not null,
    received bigint not null default 0,
    stored bigint not null default 0,
    duplicate bigint not null default 0,
    quarantined bigint not null default 0,
    values_stored bigint not null default 0,
    values_duplicate bigint not null default 0,
    values_corrected bigint not null default 0,
    values_refused bigint not null default 0,
    dropped_by_broker bigint not null default 0,
    primary key (hour, source, writer)
);
comment on table ledger is 'messages: received = stored + duplicate + quarantined; hour of receipt; source = park/format';

create table quarantine (
    id uuid primary key,
    at timestamptz not null,
    writer text not null,
    source text not null,
    park text,
    device text,
    format text,
    topic bytea not null,
    reason text not null,
    detail text not null,
    raw bytea not null,
    length integer not null,
    sha256 bytea not null,
    whole boolean not null,
    refused integer not null,
    state text not null default 'open' check (state in ('open', 'replayed', 'discarded')),
    state_at timestamptz
);
create index on quarantine (at, id);
create index on quarantine (park, reason, at);
comment on column quarantine.whole is 'whether nothing of the message was stored';
comment on column quarantine.refused is 'refused values; 0 where the message could not be read';
comment on column quarantine.raw is 'at most the first 64 KiB; length and sha256 are of the whole payload';

create table quarantine_count (
    hour timestamptz not null,
    park text not null,
    device text not null,
    reason text not null,
    n bigint not null,
    primary key (hour, park, device, reason)
);

create table receipt (
    device_id integer not null,
    payload_sha256 bytea not null,
    at timestamptz not null,
    primary key (device_id, payload_sha256)
);
create index on receipt (at);
comment on table receipt is 'messages without any time: their first receipt, which is their observed time; kept an hour';

create table ingest_worker (
    writer text primary key,
    run uuid not null,
    arrivals bigint not null default 0,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    connected boolean not null default false,
    waiting integer not null default 0,
    broker_dropped bigint
);
comment on column ingest_worker.run is 'the process that is this worker; an older one can no longer commit';
comment on column ingest_worker.arrivals is 'messages of this run that are committed; tells after a lost connection whether the last commit took place';
comment on column ingest_worker.broker_dropped is 'last $SYS/broker/publish/messages/dropped';

-- Batch log -----------------------------------------------------------------

create table batch_counter (
    slot smallint not null,
    writer text not null,
    n bigint not null,
    primary key (slot, writer)
);

create table batch_log (
    slot smallint not null check (slot between 0 and 63),
    writer text not null,
    n bigint not null,
    at timestamptz not null default now(),
    size integer not null,
    series bytea not null,
    ts bytea not null,
    value bytea not null,
    flag bytea not null,
    primary key (slot, writer, n)
);
create index on batch_log (at);
comment on table batch_log is 'slot = park mod 64; packed little-endian: series int32, ts int64 microseconds since 1970, value float64, flag uint8';

create table consumer_position (
    consumer text not null,
    slot smallint not null,
    writer text not null,
    n bigint not null,
    primary key (consumer, slot, writer)
);

create table engine (
    owner text primary key,
    until timestamptz not null
);
comment on table engine is 'engine processes that are alive: the slots are shared out evenly among them';

create table lease (
    slot smallint primary key check (slot between 0 and 63),
    owner text
);
insert into lease (slot) select generate_series(0, 63);
comment on table lease is 'which engine works on a slot; free if none, or if its owner is no longer alive';

create table engine_snapshot (
    consumer text not null,
    slot smallint not null,
    positions jsonb not null,
    state bytea not null,
    at timestamptz not null default now(),
    primary key (consumer, slot)
);

-- Rollups -------------------------------------------------------------------

create table rollup_1m (
    series integer not null,
    ts timestamptz not null,
    n integer not null,
    sum double precision not null,
    min double precision not null,
    max double precision not null,
    first double precision not null,
    last double precision not null,
    integral double precision,
    unique (series, ts)
);
create table rollup_1h (like rollup_1m including all);
create table rollup_1d (like rollup_1m including all);
select create_hypertable('rollup_1m', by_range('ts', interval '7 days'), create_default_indexes => false);
select create_hypertable('rollup_1h', by_range('ts', interval '90 days'), create_default_indexes => false);
select create_hypertable('rollup_1d', by_range('ts', interval '730 days'), create_default_indexes => false);
comment on column rollup_1m.integral is 'of a gauge in W over the covered part of the bucket [W s]';

-- KPIs ----------------------------------------------------------------------

create table kpi (
    data_centre_id integer not null references data_centre,
    kpi text not null check (kpi in ('pue', 'ref', 'ref_hourly')),
    category smallint not null default 0 check (category between 0 and 3),
    period text not null check (period in ('hour', 'day', 'month', 'year', 'rolling_12_months')),
    period_start timestamptz not null,
    period_end timestamptz not null,
    value double precision,
    numerator_kwh double precision not null,
    numerator_estimated_kwh double precision not null,
    denominator_kwh double precision not null,
    denominator_estimated_kwh double precision not null,
    covered_s double precision not null,
    estimated_s double precision not null,
    elapsed_s double precision not null,
    gap_start timestamptz,
    gap_end timestamptz,
    coverage double precision not null,
    verdict text not null check (verdict in (
        'compliant', 'not compliant', 'insufficient data', 'not applicable',
        'interim: above target', 'interim: below target')),
    target double precision,
    state text not null check (state in ('open', 'closed')),
    revision integer not null default 0,
    evidence jsonb not null,
    computed_at timestamptz not null,
    primary key (data_centre_id, period, period_start, period_end, kpi, category)
);
comment on column kpi.category is 'where IT energy is measured: 1 UPS output, 2 PDU output, 3 rack; 0 where it does not apply';
comment on column kpi.numerator_kwh is 'measured and estimated together; *_estimated_kwh is the part inside register gaps';
comment on column kpi.period is 'rolling_12_months: one row for each civil day, the 12 months that end with it';
comment on column kpi.coverage is 'covered_s / elapsed_s; covered is what all meters measured, estimated_s comes on top';
comment on column kpi.gap_start is 'a longer period that holds [gap_start, gap_end] knows the estimates exactly; null: none does';
create index kpi_open on kpi (data_centre_id) where state = 'open';

create table kpi_revision (
    id bigint generated always as identity primary key,
    data_centre_id integer not null references data_centre,
    kpi text not null,
    category smallint not null,
    period text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    revision integer not null,
    old_value double precision,
    new_value double precision,
    old_coverage double precision not null,
    new_coverage double precision not null,
    cause text not null,
    at timestamptz not null default now(),
    unique (data_centre_id, period, period_start, period_end, kpi, category, revision)
);

create table kpi_dirty (
    data_centre_id integer not null references data_centre,
    hour timestamptz not null,
    cause text not null,
    primary key (data_centre_id, hour)
);
create table kpi_tree (
    data_centre_id integer primary key references data_centre,
    fingerprint text not null
);
comment on table kpi_tree is 'meter tree that the KPIs were computed with: another one makes all hours dirty';
comment on table kpi_dirty is 'hours whose readings changed since the KPIs were computed';

-- Rules and alerts ----------------------------------------------------------

create table rule (
    id integer generated always as identity primary key,
    park_id integer references park,
    code text not null,
    version integer not null default 1,
    enabled boolean not null default true,
    name_zh text not null,
    name_en text not null,
    definition jsonb not null,
    source text not null,
    created_at timestamptz not null default now(),
    unique nulls not distinct (park_id, code)
);

create table alert (
    id uuid primary key,
    rule_id integer not null references rule,
    subject text not null,
    park_id integer not null references park,
    place_id integer references place,
    device_id integer references device,
    series_id integer references series,
    severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
    state text not null check (state in
        ('unacknowledged', 'acknowledged', 'returned_unacknowledged', 'normal')),
    retroactive boolean not null default false,
    onset timestamptz not null,
    raised_at timestamptz not null,
    cleared_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    value double precision not null,
    limit_value double precision not null,
    version integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index alert_unfinished on alert (rule_id, subject) where state <> 'normal';
create index on alert (park_id, raised_at);
create index on alert (park_id, updated_at);

create table alert_event (
    id bigint generated always as identity primary key,
    alert_id uuid not null references alert,
    rule_id integer not null,
    subject text not null,
    kind text not null check (kind in
        ('raised', 'severity', 'cleared', 'acknowledged', 'revised')),
    at timestamptz not null,
    recorded_at timestamptz not null default now(),
    actor text not null default 'engine',
    severity text not null,
    value double precision,
    detail jsonb not null default '{}',
    unique (rule_id, subject, at, kind)
);
create index on alert_event (alert_id, id);

create table condition_interval (
    rule_id integer not null references rule,
    subject text not null,
    raised_at timestamptz not null,
    onset timestamptz not null,
    cleared_at timestamptz,
    steps jsonb not null,
    retroactive boolean not null,
    alert_id uuid not null references alert,
    primary key (rule_id, subject, raised_at)
);
create unique index condition_lasting on condition_interval (rule_id, subject) where cleared_at is null;
create index on condition_interval (alert_id);
comment on table condition_interval is 'when a rule''s condition held as far as the readings say by now; late data revises it, unlike alert_event';
comment on column condition_interval.steps is 'severities in turn: [microseconds since 1970, severity, value]';
comment on column condition_interval.retroactive is 'nobody was called for it';

create table channel (
    id integer generated always as identity primary key,
    park_id integer references park,
    name text not null,
    kind text not null check (kind in ('webhook')),
    url text not null,
    secret bytea not null,
    min_severity text not null default 'low' check (min_severity in ('low', 'medium', 'high', 'critical')),
    enabled boolean not null default true,
    failures integer not null default 0,
    paused_until timestamptz not null default '-infinity',
    removed_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index on channel (name) where removed_at is null;
comment on column channel.failures is 'attempts in a row that did not reach the receiver, or that it asked to come later';
comment on column channel.secret is 'encrypted with the key that is never in the database';

create table outbox (
    id uuid primary key,
    channel_id integer not null references channel,
    alert_id uuid not null references alert,
    alert_event_id bigint not null references alert_event,
    body text not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'dead')),
    attempts integer not null default 0,
    created_at timestamptz not null default now(),
    next_attempt_at timestamptz not null default now(),
    claimed_until timestamptz,
    unique (channel_id, alert_event_id)
);
create index outbox_due on outbox (next_attempt_at) where state = 'pending';
create index outbox_order on outbox (channel_id, alert_id, alert_event_id) where state = 'pending';

create table delivery (
    id uuid primary key,
    outbox_id uuid not null references outbox,
    attempt integer not null,
    at timestamptz not null default now(),
    status integer,
    error text,
    duration_ms double precision not null
);
create index on delivery (outbox_id);
create index on delivery (at);
