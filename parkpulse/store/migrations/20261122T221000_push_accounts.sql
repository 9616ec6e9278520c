-- Accounts of the carriers' platforms that push messages over HTTP.

create table push_account (
    id integer generated always as identity primary key,
    platform text not null check (platform in ('ctwing', 'onenet', 'iotda')),
    name text not null check (name ~ '^[A-Za-z0-9._:-]{1,64}$'),
    park_id integer not null references park,
    token_hash bytea not null unique,
    secret bytea,
    aes_key bytea,
    options jsonb not null default '{}',
    created_at timestamptz not null default now(),
    unique (platform, name)
);
comment on column push_account.token_hash is 'SHA-256 of the token in the address; the token itself is kept nowhere';
comment on column push_account.secret is 'token that the platform signs with (OneNET), encrypted with the key that is never in the database';
comment on column push_account.aes_key is 'key of OneNET''s secure mode, encrypted likewise';
comment on column push_account.options is 'how its messages are to be read: device_id, profile, profile.<product id>';
