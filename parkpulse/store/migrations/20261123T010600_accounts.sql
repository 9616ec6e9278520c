-- Accounts: people, what they may see, their sessions and tokens, and what they changed.

create table account (
    id integer generated always as identity primary key,
    name text collate "C" not null unique,
    display_name text not null,
    mobile text not null default '',
    language text not null default 'zh' check (language in ('zh', 'en')),
    role text not null check (role in ('viewer', 'operator', 'manager', 'admin')),
    all_parks boolean not null default true,
    enabled boolean not null default true,
    password_hash text not null,
    created_at timestamptz not null default now(),
    password_at timestamptz not null default now(),
    last_login_at timestamptz,
    version integer not null default 1,
    -- Whoever administrates does so for all parks.
    check (all_parks or role <> 'admin')
);
comment on column account.name is 'normalised: NFKC, case folded';

create table account_park (
    account_id integer not null references account on delete cascade,
    park_id integer not null references park on delete cascade,
    primary key (account_id, park_id)
);

create table session (
    id bigint generated always as identity primary key,
    account_id integer not null references account on delete cascade,
    token_hash bytea not null unique,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    address text not null,
    agent text not null
);
create index on session (account_id);
comment on column session.token_hash is 'SHA-256; the token itself is only in the cookie';

create table api_token (
    id integer generated always as identity primary key,
    account_id integer not null references account on delete cascade,
    name text not null,
    token_hash bytea not null unique,
    hint text not null,
    scopes text[] not null,
    created_at timestamptz not null default now(),
    created_by text not null,
    expires_at timestamptz not null,
    seen_at timestamptz,
    revoked_at timestamptz
);
create index on api_token (account_id);
comment on column api_token.hint is 'the first characters, to tell tokens apart';

create table login_failure (
    key bytea primary key,
    failures integer not null,
    at timestamptz not null,
    blocked_until timestamptz not null
);
comment on table login_failure is 'by SHA-256 of an account''s name or a caller''s address';

create table setup_token (
    token_hash bytea primary key,
    expires_at timestamptz not null
);

create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    who text not null,
    display_name text not null,
    way text not null check (way in ('open', 'session', 'token', 'command')),
    token text,
    address text not null,
    action text not null,
    object text not null,
    park text,
    before jsonb,
    after jsonb
);
create index on audit (at);
create index on audit (who, id);
create index on audit (action, id);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    -- Only what is beyond its retention may go.
    if tg_op = 'DELETE' and old.at < now() - interval '9 years' then
        return old;
    end if;
    raise exception 'the audit is append-only';
end
$$;

create trigger append_only before update or delete on audit
for each row execute function audit_is_append_only();
create trigger append_only_truncate before truncate on audit
for each statement execute function audit_is_append_only();
