-- Life of an alert after it was raised: assignee, shelving, out of service, suppression by
-- design, maintenance windows, and what was withheld meanwhile.

alter table alert add assignee text;
create index on alert (assignee) where assignee is not null and state <> 'normal';

alter table alert_event drop constraint alert_event_kind_check;
alter table alert_event add constraint alert_event_kind_check check (kind in (
    'raised', 'severity', 'cleared', 'acknowledged', 'revised',
    'shelved', 'unshelved', 'suppressed', 'unsuppressed', 'out_of_service', 'in_service',
    'assigned', 'commented', 'escalated', 'step_done', 'step_undone', 'command_requested',
    'command_confirmed', 'command_refused', 'command_timed_out'));

create function park_now(p park) returns timestamptz language sql stable
    return case when p.clock = 'wall' then now()
        else coalesce(p.data_now, p.accept_from) end;
comment on function park_now is 'present time on the park''s own clock';

create function place_is_within(place_id integer, area_id integer) returns boolean
language sql stable as $$
    with recursive around (id, depth) as (
        select place_id, 0
        union all
        select place.parent_id, around.depth + 1 from around
        join place on place.id = around.id
        where place.parent_id is not null and around.depth < 64
    )
    select exists (select from around where around.id = area_id)
$$;

create table alert_quiet (
    rule_id integer not null references rule,
    subject text not null,
    kind text not null check (kind in ('shelved', 'out_of_service')),
    since timestamptz not null,
    until timestamptz,
    actor text not null,
    reason text not null,
    primary key (rule_id, subject),
    check (kind <> 'shelved' or until is not null)
);
create index on alert_quiet (until) where until is not null;
comment on table alert_quiet is 'keys of alerts that a person has shelved or taken out of service; also holds for alerts that are raised meanwhile';

create table maintenance (
    id integer generated always as identity primary key,
    park_id integer not null references park,
    place_id integer references place,
    device_id integer references device,
    rule text,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    reason text not null,
    created_by text not null,
    created_at timestamptz not null default now(),
    ended_by text
);
create index on maintenance (park_id, ends_at);
comment on table maintenance is 'times in which alerts are recorded and nobody is called; a column that is null does not restrict';
comment on column maintenance.rule is 'code of the only rule that is meant';
comment on column maintenance.ended_by is 'who ended it before its time';

create table suppression (
    id integer generated always as identity primary key,
    park_id integer not null references park,
    rule text not null,
    cause_rule text not null check (cause_rule <> rule),
    within text not null check (within in ('device', 'place', 'park')),
    reason text not null,
    created_by text not null,
    created_at timestamptz not null default now(),
    unique (park_id, rule, cause_rule)
);
comment on table suppression is 'suppression by design: while an alert of the cause lasts at the same device, place or park, alerts of the rule call nobody';

create table alert_withheld (
    alert_id uuid primary key references alert,
    since timestamptz not null default now(),
    noted boolean not null
);
comment on table alert_withheld is 'alerts of which something was not told because they were quiet; told as they then stand when that ends';

create view alert_quiet_now (alert_id, kind, since, until, actor, reason) as
    select a.id, q.kind, q.since, q.until, q.actor, q.reason
    from alert a
    join alert_quiet q on q.rule_id = a.rule_id and q.subject = a.subject
union all
    select a.id, 'maintenance', m.starts_at, m.ends_at, m.created_by, m.reason
    from alert a
    join park p on p.id = a.park_id
    join rule r on r.id = a.rule_id
    join maintenance m on m.park_id = a.park_id
        and park_now(p) >= m.starts_at and park_now(p) < m.ends_at
        and (m.device_id is null or m.device_id = a.device_id)
        and (m.rule is null or m.rule = r.code)
        and (m.place_id is null or place_is_within(a.place_id, m.place_id))
union all
    select a.id, 'suppressed_by_design', cause.raised_at, null, s.created_by, s.reason
    from alert a
    join rule r on r.id = a.rule_id
    join suppression s on s.park_id = a.park_id and s.rule = r.code
    join rule c on c.code = s.cause_rule
    join alert cause on cause.rule_id = c.id and cause.park_id = a.park_id
        and cause.state <> 'normal' and cause.cleared_at is null
        and (s.within = 'park'
            or (s.within = 'place' and cause.place_id = a.place_id)
            or (s.within = 'device' and cause.device_id = a.device_id));
comment on view alert_quiet_now is 'why nobody is called for an alert at present';
