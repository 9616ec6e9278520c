-- Rules as versioned data: who changed what, when and why.

alter table rule add column edited boolean not null default false;
comment on column rule.edited is 'people have changed it: what is shipped or registered no longer replaces it';

create table rule_version (
    rule_id integer not null references rule,
    version integer not null,
    at timestamptz not null default now(),
    actor text not null,
    note text not null default '',
    enabled boolean not null,
    name_zh text not null,
    name_en text not null,
    definition jsonb not null,
    source text not null,
    primary key (rule_id, version)
);
insert into rule_version (rule_id, version, at, actor, enabled, name_zh, name_en, definition, source)
select id, version, created_at, 'system', enabled, name_zh, name_en, definition, source from rule;

create table rule_set (
    name text primary key,
    version integer not null,
    installed_at timestamptz not null default now()
);
comment on table rule_set is 'version of the shipped rules that was put in place last';
