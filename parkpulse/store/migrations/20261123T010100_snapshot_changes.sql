-- What has changed since a snapshot: a consumer's state is large, and few of it changes.

create table engine_snapshot_change (
    consumer text not null,
    slot smallint not null,
    n integer not null,
    state bytea not null,
    primary key (consumer, slot, n)
);
comment on table engine_snapshot_change is 'taken up one after the other on top of the snapshot; gone with the next whole one';
-- Packed numbers: the time to compress them is worth more than the room.
alter table engine_snapshot alter column state set storage external;
alter table engine_snapshot_change alter column state set storage external;
