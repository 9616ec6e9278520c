-- Formats beside the native one: foreign topics, what is no number, messages in parts.

alter table device add column options jsonb not null default '{}';
comment on column device.options is 'how its messages are to be read, by name: crc, stamp, profile';

create table topic_rule (
    id integer generated always as identity primary key,
    filter text not null unique,
    park_id integer not null references park,
    format text not null,
    device_level smallint check (device_level > 0),
    options jsonb not null default '{}',
    created_at timestamptz not null default now()
);
comment on table topic_rule is 'topics outside parkpulse/v1 that devices publish on; the first ingest worker subscribes to them';
comment on column topic_rule.device_level is 'level of the topic that names the device, from 1; null: the message does';

create table event (
    id uuid primary key,
    park_id integer not null references park,
    device_id integer not null references device,
    ts timestamptz not null,
    received_at timestamptz not null,
    kind text not null,
    detail jsonb not null,
    body bytea not null default '',
    fingerprint bytea not null,
    unique (device_id, ts, kind, fingerprint)
);
create index on event (park_id, ts, id);
comment on table event is 'what devices say that is no number: texts, pictures, parameters';
comment on column event.fingerprint is 'SHA-256 of detail and body: a repeated message adds nothing';

create table fragment (
    id uuid primary key,
    park_id integer not null references park,
    device text not null,
    received_at timestamptz not null,
    writer text not null,
    source text not null,
    topic bytea not null,
    sha256 bytea not null,
    payload bytea not null,
    unique (park_id, device, sha256)
);
create index on fragment (received_at);
comment on table fragment is 'parts of messages that wait for the others; counted as stored, as quarantined when the others never come';

create table wire_state (
    key text primary key,
    state bytea not null,
    at timestamptz not null default now()
);
comment on table wire_state is 'what a decoder must remember of earlier messages, such as the aliases of Sparkplug births';

create table sequence_log (
    at timestamptz not null default now(),
    writer text not null,
    device bytea not null,
    seq bytea not null
);
create index on sequence_log (at);
comment on table sequence_log is 'numbers that devices gave their messages, a row a batch; packed little-endian: device int32, seq int64';
