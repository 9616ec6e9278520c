-- Duty rosters and escalation.

create table duty_plan (
    park_id integer not null references park,
    version integer not null,
    document jsonb not null,
    actor text not null,
    at timestamptz not null default now(),
    primary key (park_id, version)
);
comment on table duty_plan is 'people, rosters and escalation policies of a park; the highest version is in force, the others are its history';

create table duty_contact (
    park_id integer not null references park,
    channel_id integer not null references channel,
    primary key (park_id, channel_id)
);
create index on duty_contact (channel_id);
comment on table duty_contact is 'channels that belong to one person of the plan in force: told by escalation, not by every alert';

create table escalation (
    id bigint generated always as identity primary key,
    alert_id uuid not null references alert,
    policy text not null,
    started_at timestamptz not null,
    next_step integer not null,
    due timestamptz,
    stopped text check (stopped in ('acknowledged', 'returned', 'quiet', 'replaced', 'removed', 'done')),
    stopped_at timestamptz
);
create unique index escalation_running on escalation (alert_id) where stopped is null or stopped = 'done';
create index on escalation (due) where stopped is null;
comment on table escalation is 'one run through a policy''s steps; times are of the park''s clock';
comment on column escalation.stopped is 'done: every step was taken and the alert still waits';
