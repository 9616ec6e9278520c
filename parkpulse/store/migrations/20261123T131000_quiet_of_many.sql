-- Why alerts are quiet, for one as for thousands: what is the same for all alerts (windows
-- that are open, what lies in their places, causes that last) is found once. The text is
-- planned once in a session for few alerts, and for many each time by how many they are.
do $do$
declare
    body text := $body$
#variable_conflict use_column
begin
    if exists (select from alert_quiet) then
        return query
        select a.id, q.kind, q.since, q.until, q.actor, q.reason
        from unnest(ids) as i (id)
        join alert a on a.id = i.id
        join alert_quiet q on q.rule_id = a.rule_id and q.subject = a.subject;
    end if;
    if exists (select from maintenance) then
        return query
        with recursive asked as materialized (
            select a.id, a.rule_id, a.park_id, a.place_id, a.device_id
            from unnest(ids) as i (id) join alert a on a.id = i.id),
        running as materialized (
            select m.*
            from (select distinct park_id from asked) as of
            join park p on p.id = of.park_id
            join maintenance m on m.park_id = p.id
                and park_now(p) >= m.starts_at and park_now(p) < m.ends_at),
        inside (id, place_id) as (
            select running.id, running.place_id from running
            where running.place_id is not null
            union
            select inside.id, place.id
            from inside join place on place.parent_id = inside.place_id)
        select a.id, 'maintenance', m.starts_at, m.ends_at, m.created_by, m.reason
        from asked a
        join rule r on r.id = a.rule_id
        join running m on m.park_id = a.park_id
            and (m.device_id is null or m.device_id = a.device_id)
            and (m.rule is null or m.rule = r.code)
            and (m.place_id is null
                or (m.id, a.place_id) in (select inside.id, inside.place_id from inside));
    end if;
    if exists (select from suppression) then
        return query
        select mine.id, 'suppressed_by_design', cause.raised_at, null::timestamptz,
            mine.created_by, mine.reason
        from (
            select a.id, s.id as suppression_id, s.created_by, s.reason,
                case s.within when 'park' then 0 when 'place' then a.place_id
                    else a.device_id end as common
            from unnest(ids) as i (id)
            join alert a on a.id = i.id
            join rule r on r.id = a.rule_id
            join suppression s on s.park_id = a.park_id and s.rule = r.code) as mine
        join (
            select s.id as suppression_id, c.raised_at,
                case s.within when 'park' then 0 when 'place' then c.place_id
                    else c.device_id end as common
            from suppression s
            join rule r on r.code = s.cause_rule
            join alert c on c.rule_id = r.id and c.park_id = s.park_id
                and c.state <> 'normal' and c.cleared_at is null) as cause
            on cause.suppression_id = mine.suppression_id and cause.common = mine.common;
    end if;
end
$body$;
begin
    execute format('create or replace function alert_quiet_among(ids uuid[])
        returns table (alert_id uuid, kind text, since timestamptz, until timestamptz,
            actor text, reason text)
        language plpgsql stable set plan_cache_mode = force_generic_plan as %L', body);
    execute format('create function alert_quiet_of_many(ids uuid[])
        returns table (alert_id uuid, kind text, since timestamptz, until timestamptz,
            actor text, reason text)
        language plpgsql stable set plan_cache_mode = force_custom_plan as %L', body);
end
$do$;
comment on function alert_quiet_of_many is 'alert_quiet_among for a list: planned for as many alerts as it is asked of';
