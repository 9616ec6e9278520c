-- Commands to local controllers: what a response plan may ask for, and what became of it.

alter table response_plan add column commands jsonb not null default '[]';
comment on column response_plan.commands is 'in order: {code, device, name, arguments, timeout_s, automatic, min_severity, zh, en}';

alter table alert_event drop constraint alert_event_kind_check;
alter table alert_event add constraint alert_event_kind_check check (kind in (
    'raised', 'severity', 'cleared', 'acknowledged', 'revised', 'shelved', 'unshelved',
    'suppressed', 'unsuppressed', 'out_of_service', 'in_service', 'assigned', 'commented',
    'escalated', 'step_done', 'step_undone', 'command_requested', 'command_confirmed',
    'command_refused', 'command_timed_out', 'command_withdrawn'));

create table command (
    id uuid primary key,
    alert_id uuid not null references alert,
    park_id integer not null references park,
    device text not null,
    code text not null,
    name text not null,
    arguments jsonb not null,
    raised_event bigint,
    actor text not null,
    state text not null default 'requested' check (state in
        ('requested', 'sent', 'confirmed', 'refused', 'timed_out', 'withdrawn')),
    requested_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    sent_at timestamptz,
    settled_at timestamptz,
    reason text,
    unique (alert_id, code, raised_event)
);
create index on command (requested_at)
    where state not in ('confirmed', 'refused');
comment on table command is 'requests to local controllers, which decide; times are wall times';
comment on column command.raised_event is 'of an automatic one: the raise that asked for it, each asks once; null: a person did';
comment on column command.reason is 'why it was refused or withdrawn';

create index on event ((detail ->> 'id')) where kind = 'command_ack';

create function command_answered() returns trigger language plpgsql as $$
begin
    perform pg_notify('command', '');
    return null;
end $$;
create trigger command_answered after insert on event for each row
    when (new.kind = 'command_ack') execute function command_answered();
