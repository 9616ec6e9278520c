-- The design energy model of a data centre: what its designed PUE (dPUE) comes from.

create table design_energy (
    data_centre_id integer not null references data_centre,
    month smallint not null check (month between 1 and 12),
    facility_kwh double precision not null check (facility_kwh >= it_kwh),
    it_kwh double precision not null check (it_kwh > 0),
    it_load_kw double precision not null check (it_load_kw > 0),
    source text not null,
    primary key (data_centre_id, month)
);
comment on table design_energy is 'predicted energies of each month of a year at the stated IT load';
