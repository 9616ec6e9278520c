-- A token that was made by a token is worth nothing without that one.
alter table api_token add column parent_id integer references api_token on delete cascade;
create index on api_token (parent_id);
comment on column api_token.parent_id is
    'the token that made it; null: somebody who had logged in, or a command';
