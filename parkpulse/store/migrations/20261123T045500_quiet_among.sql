-- Why some alerts are quiet, asked with every alert that is raised: planned once in a
-- session, and nothing is looked for where nobody has shelved or suppressed anything.
create function alert_quiet_among(ids uuid[])
returns table (
    alert_id uuid, kind text, since timestamptz, until timestamptz, actor text, reason text)
language plpgsql stable
set plan_cache_mode = force_generic_plan
as $$
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
        select a.id, 'maintenance', m.starts_at, m.ends_at, m.created_by, m.reason
        from unnest(ids) as i (id)
        join alert a on a.id = i.id
        join park p on p.id = a.park_id
        join maintenance m on m.park_id = a.park_id
            and park_now(p) >= m.starts_at and park_now(p) < m.ends_at
            and (m.device_id is null or m.device_id = a.device_id)
            and (m.rule is null
                or m.rule = (select r.code from rule r where r.id = a.rule_id))
            and (m.place_id is null or place_is_within(a.place_id, m.place_id));
    end if;
    if exists (select from suppression) then
        return query
        select a.id, 'suppressed_by_design', cause.raised_at, null::timestamptz,
            s.created_by, s.reason
        from unnest(ids) as i (id)
        join alert a on a.id = i.id
        join rule r on r.id = a.rule_id
        join suppression s on s.park_id = a.park_id and s.rule = r.code
        join rule c on c.code = s.cause_rule
        join alert cause on cause.rule_id = c.id and cause.park_id = a.park_id
            and cause.state <> 'normal' and cause.cleared_at is null
            and (s.within = 'park'
                or (s.within = 'place' and cause.place_id = a.place_id)
                or (s.within = 'device' and cause.device_id = a.device_id));
    end if;
end
$$;
comment on function alert_quiet_among is 'rows of alert_quiet_now for some alerts';
