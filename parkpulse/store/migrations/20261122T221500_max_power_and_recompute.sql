alter table series add column max_power_kw double precision check (max_power_kw > 0);
comment on column series.max_power_kw is 'most that a register can count: a greater step is another meter, not energy; null: what is plausible for any';

create table recompute (
    id integer generated always as identity primary key,
    since timestamptz not null,
    until timestamptz not null check (until > since),
    park text,
    data_centre text,
    started_at timestamptz not null default now(),
    finished_at timestamptz
);
comment on table recompute is 'a recomputation that somebody asked for; an unfinished one is taken up again';

create table recompute_part (
    recompute_id integer not null references recompute on delete cascade,
    data_centre_id integer not null references data_centre,
    start timestamptz not null,
    primary key (recompute_id, data_centre_id, start)
);
comment on table recompute_part is 'hours from start on are computed and committed; infinity: the days and all above them';
