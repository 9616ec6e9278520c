-- Response plans: what is to be done when an alert of a rule is raised.

create table response_plan (
    park_id integer not null references park,
    rule text not null,
    version integer not null,
    steps jsonb not null,
    actor text not null,
    at timestamptz not null default now(),
    primary key (park_id, rule, version)
);
comment on table response_plan is 'checklists by rule code; the highest version is in force, the others are its history';
comment on column response_plan.steps is 'in order: {code, zh, en}; ticking one is an event step_done of the alert';
