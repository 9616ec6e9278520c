-- The anomaly detector's states, part by part, each with the positions that it belongs
-- to; and how many series it follows.

create table detector_state (
    consumer text not null,
    slot smallint not null,
    part integer not null,
    layout text not null,
    positions jsonb not null,
    state bytea not null,
    at timestamptz not null default now(),
    primary key (consumer, slot, part)
);
comment on table detector_state is 'states of up to some hundred series; what the log holds since the positions is scored again after a restart';
comment on column detector_state.layout is 'of the numbers; a state of another layout is left aside';
alter table detector_state alter column state set storage external;

create table detector_load (
    slot smallint primary key,
    watched integer not null,
    followed integer not null,
    share real not null,
    at timestamptz not null default now()
);
comment on table detector_load is 'series that rules of anomalies watch, and those that the detector follows';
comment on column detector_load.share is 'of one core that the process of this slot spends on all its series';

delete from engine_snapshot where consumer = 'anomaly';
delete from engine_snapshot_change where consumer = 'anomaly';
