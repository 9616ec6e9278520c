-- Credentials of devices, gateways and our own processes at the broker.

create table mqtt_credential (
    id integer generated always as identity primary key,
    kind text not null check (kind in ('device', 'gateway', 'service')),
    name text not null,
    generation integer not null check (generation > 0),
    username text not null unique,
    secret_hash text not null check (secret_hash like '$7$%'),
    topics jsonb not null default '[]',
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    unique (kind, name, generation)
);
comment on table mqtt_credential is 'user names at the broker; the secrets themselves are kept nowhere';
comment on column mqtt_credential.name is 'PARK/DEVICE of a device, name of a gateway, part of this service';
comment on column mqtt_credential.generation is 'counts the rotations';
comment on column mqtt_credential.secret_hash is 'PBKDF2 with SHA-512 and salt, as in Mosquitto''s password files';
comment on column mqtt_credential.topics is 'further topics of a gateway: [[publish or subscribe, filter], ...]';
comment on column mqtt_credential.expires_at is 'end of the overlap after a rotation';

create table mqtt_credential_device (
    credential_id integer not null references mqtt_credential on delete cascade,
    device_id integer not null references device,
    primary key (credential_id, device_id)
);
create index on mqtt_credential_device (device_id);
comment on table mqtt_credential_device is 'whom a credential may speak for';
