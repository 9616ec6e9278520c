-- A slot that was lost and won again is another lease: what was known of it is stale.
alter table engine add column role text not null default 'engine';
comment on column engine.role is 'processes of one role share the slots among them; those of another have their own leases';

alter table lease
    add column role text not null default 'engine',
    add column epoch bigint not null default 0;
alter table lease drop constraint lease_pkey;
alter table lease add primary key (role, slot);
comment on column lease.epoch is 'grows with each change of owner; what is written under an earlier one is refused';
