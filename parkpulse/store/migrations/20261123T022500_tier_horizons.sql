-- A tier is computed from the one beneath only where that is still kept whole.
alter table raw_horizon
    add column minutes timestamptz not null default '-infinity',
    add column hours timestamptz not null default '-infinity';
comment on column raw_horizon.minutes is 'rows of rollup_1m before this may have been dropped';
comment on column raw_horizon.hours is 'rows of rollup_1h before this may have been dropped';
