-- Hours whose sensors are compared once more, for readings of them came late.

create table link_again (
    park_id integer primary key references park (id) on delete cascade,
    low timestamptz not null,
    high timestamptz not null
);
comment on table link_again is 'first and last full hour that is compared again';
