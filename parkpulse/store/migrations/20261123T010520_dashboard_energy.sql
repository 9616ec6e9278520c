-- Steps without numeric arithmetic, and the energy of meters summed before their names
-- are looked up: over a year both count.

create or replace function dashboard.bucket(ts timestamptz, step_ms bigint)
returns timestamptz
language sql immutable parallel safe
    return date_bin(
        step_ms * interval '1 ms', ts, timestamptz '1970-01-01 00:00:00+00');

create function dashboard.energy(
    park text, data_centres text[], since timestamptz, until timestamptz
) returns table (
    device text, device_zh text, device_en text, role text,
    amount double precision, estimated double precision, coverage double precision
)
language sql stable security definer rows 100 set search_path = public, pg_temp as $$
    select d.code, d.name_zh, d.name_en, m.role, h.amount, h.estimated, h.coverage
    from park p
    join data_centre c on c.park_id = p.id and c.code = any(energy.data_centres)
    join meter m on m.data_centre_id = c.id
    join series s on s.id = m.series_id
    join device d on d.id = s.device_id
    cross join lateral (
        select sum(amount) as amount, sum(estimated) as estimated,
            sum(covered_s) / (3600 * count(*)) as coverage
        from meter_hour
        where meter_id = m.id and hour >= energy.since and hour < energy.until
    ) h
    where p.code = energy.park and h.amount is not null
$$;
comment on function dashboard.energy is 'energy of each meter over the hours that begin in [since, until) [kWh, of water m3]';

create function dashboard.power(
    park text, data_centres text[], since timestamptz, until timestamptz, step_ms bigint
) returns table ("time" timestamptz, role text, mean double precision)
language sql stable security definer rows 5000 set search_path = public, pg_temp as $$
    with hourly as (
        select h.hour, m.role, sum(h.amount) as amount
        from park p
        join data_centre c on c.park_id = p.id and c.code = any(power.data_centres)
        join meter m on m.data_centre_id = c.id and m.role not like '%water%'
        cross join lateral (
            select hour, amount from meter_hour
            where meter_id = m.id and hour >= power.since and hour < power.until
            offset 0
        ) h
        where p.code = power.park
        group by h.hour, m.role
    )
    select dashboard.bucket(hour, greatest(power.step_ms, 3600000)), role, avg(amount)
    from hourly group by 1, 2 order by 1
$$;
comment on function dashboard.power is 'mean power of the meters of each role in steps of whole hours [kW]';

revoke all on all functions in schema dashboard from public;
