-- Replaced devices: another id under which the messages of a device come.

create table device_alias (
    park_id integer not null references park,
    alias text not null check (alias ~ '^[A-Za-z0-9._:-]{1,64}$'),
    device_id integer not null references device,
    primary key (park_id, alias)
);
comment on table device_alias is 'ids of what replaced a device, or of its modem: the history stays one';
