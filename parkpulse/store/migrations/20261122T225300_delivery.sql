-- Channels of several kinds, digests, claims that end with the process, dead letters.

alter table channel drop constraint channel_kind_check;
alter table channel add constraint channel_kind_check
    check (kind in ('webhook', 'dingtalk', 'wecom', 'feishu', 'email'));
alter table channel
    add column options jsonb not null default '{}',
    add column sent_at timestamptz[] not null default '{}',
    add column version integer not null default 1;
comment on column channel.url is 'what may be shown of the address; the whole one is sealed in secret';
comment on column channel.secret is 'JSON of address and secrets, encrypted with the key that is never in the database (of old rows the secret alone)';
comment on column channel.options is 'language, people to mention, recipients: nothing secret';
comment on column channel.sent_at is 'when the last messages were sent, oldest first: what the platform''s rate limit counts';

alter table outbox add column claimed_by bigint;
comment on column outbox.claimed_by is 'advisory lock that the claiming process holds while it lives';
create index on outbox (channel_id, created_at);

alter table delivery add column letter uuid;
comment on column delivery.letter is 'id of the message as it was sent; several rows of the outbox share it in a digest';

create table outage (
    id uuid primary key,
    parts text[] not null,
    began_at timestamptz not null,
    told_at timestamptz,
    ended_at timestamptz,
    told_end_at timestamptz,
    channel text,
    error text,
    recorded_at timestamptz not null default now()
);
create index on outage (began_at);
comment on table outage is 'times without database, broker, engine or ingest, as the emergency watch saw them; written when the database is back';
