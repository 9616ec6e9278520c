-- Each meter's steps first, then their sum: a year of hours is too long to be regrouped.

create or replace function dashboard.power(
    park text, data_centres text[], since timestamptz, until timestamptz, step_ms bigint
) returns table ("time" timestamptz, role text, mean double precision)
language sql stable security definer rows 5000 set search_path = public, pg_temp as $$
    select h.step, m.role, sum(h.amount) / max(h.hours)
    from park p
    join data_centre c on c.park_id = p.id and c.code = any(power.data_centres)
    join meter m on m.data_centre_id = c.id and m.role !~ 'water|outdoor'
    cross join lateral (
        select dashboard.bucket(hour, greatest(power.step_ms, 3600000)) as step,
            sum(amount) as amount, count(*) as hours
        from meter_hour
        where meter_id = m.id and hour >= power.since and hour < power.until
        group by 1
    ) h
    where p.code = power.park
    group by h.step, m.role order by h.step
$$;
comment on function dashboard.power is 'mean power of the meters of each role in steps of whole hours, over the hours that are known [kW]';
