-- The service itself as a park: what watches it registers it and reports its state.
alter table park add column service boolean not null default false;
comment on column park.service is 'stands for the service itself; lists of parks leave it out';
create unique index park_service on park (service) where service;

alter table place drop constraint place_kind_check;
alter table place add constraint place_kind_check check (kind in (
    'area', 'building', 'machine_hall', 'compartment', 'river_section', 'road', 'field',
    'service'));

create or replace view dashboard.park as
select p.code as park, p.name_zh as park_zh, p.name_en as park_en, p.grade, p.zone,
    p.simulated, public.park_now(p) as now, p.service
from park p;

-- Messages that were given up lately: next_attempt_at is when the last attempt was due.
create index outbox_dead on outbox (next_attempt_at) where state = 'dead';
