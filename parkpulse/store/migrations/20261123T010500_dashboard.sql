-- What dashboards may read: views and functions in a schema of their own, the only one
-- that the read-only role of Grafana sees ('parkpulse grafana role' makes it).
-- Their columns stay when the tables behind them change. Codes come with the names in
-- both languages; "time" is UTC, as Grafana wants it.

create table metric_name (
    metric text primary key,
    unit text not null,
    kind text not null,
    zh text not null,
    en text not null
);
comment on table metric_name is 'the list of metrics for those who read with SQL; written from metrics.toml with every migration';

-- May have been made together with the role, by whoever administrates the server.
create schema if not exists dashboard;

create view dashboard.park as
select p.code as park, p.name_zh as park_zh, p.name_en as park_en, p.grade, p.zone,
    p.simulated, public.park_now(p) as now
from park p;

create view dashboard.place as
select p.code as park, l.code as place, l.name_zh as place_zh, l.name_en as place_en,
    l.kind, a.code as parent
from place l
join park p on p.id = l.park_id
left join place a on a.id = l.parent_id;

create view dashboard.device as
select p.code as park, l.code as place, l.name_zh as place_zh, l.name_en as place_en,
    l.kind as place_kind, d.code as device, d.name_zh as device_zh,
    d.name_en as device_en, d.kind, d.state, d.report_interval_s
from device d
join park p on p.id = d.park_id
left join place l on l.id = d.place_id;

create view dashboard.data_centre as
select p.code as park, p.name_zh as park_zh, p.name_en as park_en,
    c.code as data_centre, c.name_zh as data_centre_zh, c.name_en as data_centre_en,
    c.commissioned, c.standard_racks
from data_centre c
join park p on p.id = c.park_id;

create view dashboard.series as
select p.code as park, l.code as place, l.name_zh as place_zh, l.name_en as place_en,
    l.kind as place_kind, d.code as device, d.name_zh as device_zh,
    d.name_en as device_en, d.kind as device_kind, d.state, s.id as series, s.metric,
    coalesce(m.zh, s.metric) as metric_zh, coalesce(m.en, s.metric) as metric_en,
    coalesce(m.unit, '') as unit, s.kind, s.report_interval_s
from series s
join device d on d.id = s.device_id
join park p on p.id = d.park_id
left join place l on l.id = d.place_id
left join metric_name m on m.metric = s.metric;

create view dashboard.latest as
select s.*, r.ts as "time", r.value, r.quality,
    extract(epoch from public.park_now(p) - r.ts)::float8 as age_s,
    extract(epoch from public.park_now(p) - r.ts)
        > greatest(2.5 * s.report_interval_s, 900) as stale
from dashboard.series s
join park p on p.code = s.park
cross join lateral (
    select ts, value, quality from reading
    where reading.series = s.series order by ts desc limit 1
) r;
comment on view dashboard.latest is 'the newest reading of each series that has one; stale as on the page';

create view dashboard.device_now as
select d.park, d.place, d.place_zh, d.place_en, d.device, d.device_zh, d.device_en,
    d.kind, d.state, max(l."time") as "time", min(l.age_s) as age_s,
    coalesce(bool_and(l.stale), true) as silent,
    max(l.value) filter (where l.metric = 'battery_voltage') as battery_v,
    max(l.value) filter (where l.metric = 'battery_level') as battery_percent,
    max(l.value) filter (where l.metric = 'rsrp') as rsrp_dbm,
    max(l.value) filter (where l.metric = 'snr') as snr_db
from dashboard.device d
left join dashboard.latest l on l.park = d.park and l.device = d.device
where d.state <> 'retired'
group by d.park, d.place, d.place_zh, d.place_en, d.device, d.device_zh, d.device_en,
    d.kind, d.state;
comment on view dashboard.device_now is 'silent: all of its series are stale, or it never sent a value';

-- Functions read the tables with the rights of their owner and fixed names.

create function dashboard.bucket(ts timestamptz, step_ms bigint) returns timestamptz
language sql immutable parallel safe
    return to_timestamp(floor(extract(epoch from ts) * 1000 / step_ms) * step_ms / 1000);

create function dashboard.tier(report_interval_s integer, since timestamptz, step_ms bigint)
returns text
language sql stable security definer set search_path = public, pg_temp as $$
    select case
        when step_ms >= 86400000 and report_interval_s <= 21600 then '1d'
        when step_ms >= 3600000 and report_interval_s <= 900 then '1h'
        when step_ms >= 60000 and report_interval_s <= 15 then '1m'
        when since >= horizon then 'raw'
        when report_interval_s <= 15 then '1m'
        when report_interval_s <= 900 then '1h'
        when report_interval_s <= 21600 then '1d'
        else 'raw'
    end
    from raw_horizon
$$;
comment on function dashboard.tier is 'coarsest roll-up that is kept for the series and fits into the step; readings where none does, unless they have gone';

create function dashboard.history(
    metric text, park text, devices text[],
    since timestamptz, until timestamptz, step_ms bigint
) returns table (
    "time" timestamptz, place text, place_zh text, place_en text,
    device text, device_zh text, device_en text,
    mean double precision, low double precision, high double precision
)
language plpgsql stable security definer rows 5000 set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
    step bigint := greatest(history.step_ms, 1000);
    start timestamptz := dashboard.bucket(history.since, greatest(history.step_ms, 1000));
begin
    return query
    with wanted as materialized (
        select s.*, dashboard.tier(s.report_interval_s, history.since, step) as tier
        from dashboard.series s
        where s.park = history.park and s.metric = history.metric
            and s.device = any(history.devices)
    ), found as (
        select w.series, r.* from wanted w cross join lateral (
            select ts, n, sum, min, max from rollup_1d
            where rollup_1d.series = w.series and ts >= start and ts < history.until
            offset 0) r
        where w.tier = '1d'
        union all
        select w.series, r.* from wanted w cross join lateral (
            select ts, n, sum, min, max from rollup_1h
            where rollup_1h.series = w.series and ts >= start and ts < history.until
            offset 0) r
        where w.tier = '1h'
        union all
        select w.series, r.* from wanted w cross join lateral (
            select ts, n, sum, min, max from rollup_1m
            where rollup_1m.series = w.series and ts >= start and ts < history.until
            offset 0) r
        where w.tier = '1m'
        union all
        select w.series, r.ts, 1, r.value, r.value, r.value
        from wanted w cross join lateral (
            select ts, value from reading
            where reading.series = w.series and ts >= start and ts < history.until
            offset 0) r
        where w.tier = 'raw'
    ), folded as (
        select series, dashboard.bucket(ts, step) as bucket, sum(sum) / sum(n) as mean,
            min(min) as low, max(max) as high
        from found group by 1, 2
    )
    select f.bucket, w.place, w.place_zh, w.place_en, w.device, w.device_zh, w.device_en,
        f.mean, f.low, f.high
    from folded f join wanted w on w.series = f.series
    order by f.bucket;
end
$$;
comment on function dashboard.history is 'a metric of devices over [since, until) in steps, from the coarsest roll-up that fits; mean of readings, least and greatest';

create function dashboard.increase(
    metrics text[], park text, devices text[],
    since timestamptz, until timestamptz, step_ms bigint
) returns table (
    "time" timestamptz, place text, place_zh text, place_en text,
    device text, device_zh text, device_en text, amount double precision
)
language plpgsql stable security definer rows 5000 set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
    step bigint := greatest(increase.step_ms, 1000);
    start timestamptz := dashboard.bucket(increase.since, greatest(increase.step_ms, 1000));
begin
    return query
    with wanted as materialized (
        select s.*, n.modulus, s.kind = 'interval' as whole,
            dashboard.tier(s.report_interval_s, increase.since, step) as tier
        from dashboard.series s join series n on n.id = s.series
        where s.park = increase.park and s.metric = any(increase.metrics)
            and s.kind in ('counter', 'interval') and s.device = any(increase.devices)
    ), found as (
        select w.series, r.* from wanted w cross join lateral (
            select ts, sum, first, last from rollup_1d where rollup_1d.series = w.series
                and ts >= start - interval '1 day' and ts < increase.until
            offset 0) r
        where w.tier = '1d'
        union all
        select w.series, r.* from wanted w cross join lateral (
            select ts, sum, first, last from rollup_1h where rollup_1h.series = w.series
                and ts >= start - interval '1 hour' and ts < increase.until
            offset 0) r
        where w.tier = '1h'
        union all
        select w.series, r.* from wanted w cross join lateral (
            select ts, sum, first, last from rollup_1m where rollup_1m.series = w.series
                and ts >= start - interval '1 minute' and ts < increase.until
            offset 0) r
        where w.tier = '1m'
        union all
        -- An interval is stored with its end and belongs to the time before it.
        select w.series, r.ts - interval '1 us', r.value, r.value, r.value
        from wanted w cross join lateral (
            select ts, value from reading where reading.series = w.series
                and ts > start - 4 * w.report_interval_s * interval '1 s'
                and ts <= increase.until
            offset 0) r
        where w.tier = 'raw'
    ), steps as (
        select f.series, f.ts, w.modulus,
            case when w.whole then f.sum
                else f.last - coalesce(
                    lag(f.last) over (partition by f.series order by f.ts), f.first)
            end as gain,
            f.last
        from found f join wanted w on w.series = f.series
    ), folded as (
        select series, dashboard.bucket(ts, step) as bucket, sum(
            case when gain >= 0 then gain
                when gain + modulus >= 0 then gain + modulus
                else last end
        ) as amount
        from steps where ts >= start group by 1, 2
    )
    select f.bucket, w.place, w.place_zh, w.place_en, w.device, w.device_zh, w.device_en,
        f.amount
    from folded f join wanted w on w.series = f.series
    order by f.bucket;
end
$$;
comment on function dashboard.increase is 'what counters and intervals gained over [since, until) in steps; a counter that falls has rolled over or begun anew';

create view dashboard.threshold as
with recursive around (id, code, kind, parent_id, inner_id) as (
    select id, code, kind, parent_id, id from place
    union all
    select p.id, p.code, p.kind, p.parent_id, a.inner_id
    from around a join place p on p.id = a.parent_id
), rule_here as (
    select p.id as park_id, p.code as park, r.* from park p
    join lateral (
        select distinct on (code) code as rule, name_zh as rule_zh, name_en as rule_en,
            enabled, definition
        from rule where park_id = p.id or park_id is null
        order by code, park_id nulls last
    ) r on r.enabled and r.definition ->> 'kind' = 'threshold'
)
select s.park, s.place, s.place_zh, s.place_en, s.device, s.device_zh, s.device_en,
    s.metric, s.unit, r.rule, r.rule_zh, r.rule_en,
    r.definition ->> 'direction' as direction, level ->> 'severity' as severity,
    (level ->> 'limit')::float8 as "limit",
    coalesce(level -> 'name' ->> 'zh', r.rule_zh) as level_zh,
    coalesce(level -> 'name' ->> 'en', r.rule_en) as level_en
from rule_here r
cross join lateral jsonb_array_elements(r.definition -> 'levels') level
join dashboard.series s on s.park = r.park and s.metric = r.definition ->> 'metric'
join series n on n.id = s.series
join device d on d.id = n.device_id
cross join lateral (select coalesce(r.definition -> 'scope', '{}') as scope) c
where coalesce(jsonb_typeof(scope -> 'devices') <> 'array' or scope -> 'devices' ? d.code, true)
    and coalesce(jsonb_typeof(scope -> 'device_kinds') <> 'array'
        or scope -> 'device_kinds' ? d.kind, true)
    and coalesce(jsonb_typeof(scope -> 'tags') <> 'array'
        or scope -> 'tags' ?| string_to_array(d.options ->> 'tags', ' '), true)
    and (coalesce(jsonb_typeof(scope -> 'places') <> 'array', true) or exists (
        select from around a where a.inner_id = d.place_id and scope -> 'places' ? a.code))
    and (coalesce(jsonb_typeof(scope -> 'place_kinds') <> 'array', true) or exists (
        select from around a
        where a.inner_id = d.place_id and scope -> 'place_kinds' ? a.kind));
comment on view dashboard.threshold is 'levels of the threshold rules in force, for each device that they watch';

create view dashboard.kpi as
select c.park, c.park_zh, c.park_en, c.data_centre, c.data_centre_zh, c.data_centre_en,
    k.kpi, k.category, k.period, k.period_start as "time", k.period_end,
    to_char(k.period_start at time zone p.zone, 'YYYY-MM-DD') as day,
    k.value, k.target, k.numerator_kwh as numerator, k.denominator_kwh as denominator,
    k.numerator_estimated_kwh as numerator_estimated,
    k.denominator_estimated_kwh as denominator_estimated,
    k.coverage, k.verdict, k.state, k.revision, k.computed_at
from kpi k
join data_centre n on n.id = k.data_centre_id
join park p on p.id = n.park_id
join dashboard.data_centre c on c.park = p.code and c.data_centre = n.code;
comment on view dashboard.kpi is 'day: of the period''s start, in the park''s zone; numerator and denominator in kWh (of a WUE litres over kWh)';

create view dashboard.kpi_now as
select k.* from data_centre n
join park p on p.id = n.park_id
cross join unnest('{hour,day,month,year,rolling_12_months}'::text[]) as of (period)
cross join lateral (
    select max(period_start) - interval '3 days' as since from kpi
    where data_centre_id = n.id and period = of.period
) newest
cross join lateral (
    select distinct on (d.kpi, d.category) d.* from dashboard.kpi d
    where d.park = p.code and d.data_centre = n.code and d.period = of.period
        and d."time" >= newest.since
    order by d.kpi, d.category, d."time" desc, d.period_end desc
) k;
comment on view dashboard.kpi_now is 'the newest row of each KPI, category and period; none that lags by days';

create view dashboard.kpi_revision as
select c.park, c.data_centre, c.data_centre_zh, c.data_centre_en, r.at as "time", r.kpi,
    r.category, r.period, r.period_start, r.revision, r.old_value, r.new_value, r.cause
from kpi_revision r
join data_centre n on n.id = r.data_centre_id
join park p on p.id = n.park_id
join dashboard.data_centre c on c.park = p.code and c.data_centre = n.code;

create view dashboard.meter_hour as
select p.code as park, c.code as data_centre, d.code as device, d.name_zh as device_zh,
    d.name_en as device_en, m.role, m.parent_id is null as top, h.hour as "time",
    h.amount, h.estimated, h.covered_s / 3600 as coverage
from meter_hour h
join meter m on m.id = h.meter_id
join data_centre c on c.id = m.data_centre_id
join park p on p.id = c.park_id
join series s on s.id = m.series_id
join device d on d.id = s.device_id;
comment on view dashboard.meter_hour is 'amount of an hour in kWh, of water in m3; top: no meter stands above it';

create view dashboard.alert as
select a.id, p.code as park, l.code as place, l.name_zh as place_zh,
    l.name_en as place_en, d.code as device, d.name_zh as device_zh,
    d.name_en as device_en, r.code as rule, r.name_zh as rule_zh, r.name_en as rule_en,
    a.subject, s.metric, coalesce(m.unit, '') as unit, a.severity,
    array_position('{low,medium,high,critical}', a.severity) as rank, a.state,
    a.retroactive, a.onset, a.raised_at as "time", a.cleared_at, a.acknowledged_at,
    a.acknowledged_by, a.value, a.limit_value as "limit", a.state <> 'normal' as unfinished
from alert a
join park p on p.id = a.park_id
join rule r on r.id = a.rule_id
left join place l on l.id = a.place_id
left join device d on d.id = a.device_id
left join series s on s.id = a.series_id
left join metric_name m on m.metric = s.metric;
comment on view dashboard.alert is 'rank: 1 low to 4 critical; unfinished: lasts, or waits to be acknowledged';

create view dashboard.alert_event as
select e.at as "time", p.code as park, r.code as rule, r.name_zh as rule_zh,
    r.name_en as rule_en, e.subject, e.alert_id, e.kind, e.severity, e.actor, e.value,
    coalesce((e.detail ->> 'retroactive')::boolean, false) as retroactive
from alert_event e
join alert a on a.id = e.alert_id
join park p on p.id = a.park_id
join rule r on r.id = e.rule_id;

create index on alert_event (at);

create view dashboard.ledger as
select hour as "time", split_part(source, '/', 1) as park,
    split_part(source, '/', 2) as format, writer, received, stored, duplicate,
    quarantined, dropped_by_broker, values_stored, values_duplicate, values_corrected,
    values_refused
from ledger;
comment on view dashboard.ledger is 'messages by hour of receipt and worker: received = stored + duplicate + quarantined';

create view dashboard.quarantine as
select at as "time", coalesce(park, '?') as park, device, format, reason, state, length
from quarantine;

create view dashboard.worker as
select writer, seen_at as "time", extract(epoch from now() - seen_at)::float8 as age_s,
    connected, waiting
from ingest_worker;

create view dashboard.backlog as
select c.consumer, sum(greatest(k.n - coalesce(p.n, 0), 0))::bigint as batches
from (select distinct consumer from consumer_position) c
cross join batch_counter k
left join consumer_position p
    on (p.consumer, p.slot, p.writer) = (c.consumer, k.slot, k.writer)
group by c.consumer;
comment on view dashboard.backlog is 'batches that a consumer of the engine has not read yet';

create view dashboard.delivery as
select d.at as "time", p.code as park, c.name as channel, c.kind, d.attempt, d.status,
    d.error is null as delivered, d.duration_ms
from delivery d
join outbox o on o.id = d.outbox_id
join channel c on c.id = o.channel_id
join alert a on a.id = o.alert_id
join park p on p.id = a.park_id;
comment on view dashboard.delivery is 'attempts to deliver messages; neither addresses nor contents';

create view dashboard.quality_flag as
select q.ts as "time", s.park, s.place, s.device, s.device_zh, s.device_en, s.metric,
    s.metric_zh, s.metric_en, q.test, q.flag
from quality_flag q
join dashboard.series s on s.series = q.series;
comment on view dashboard.quality_flag is 'what a QARTOD test found suspect (3) or failed (4)';

revoke all on all functions in schema dashboard from public;
