-- CUE, WUE, ERF and CER; green power, certificates and sold attributes; emission
-- factors; hourly amounts of every meter; operating points of GB 40879.

alter table meter drop constraint meter_role_check;
alter table meter add constraint meter_role_check check (role in (
    'grid_import', 'grid_export', 'generator', 'pv', 'wind', 'hydro', 'storage',
    'green_power', 'delivered_cooling', 'fuel', 'foreign_load',
    'ups_input', 'ups_output', 'pdu_output', 'rack', 'cooling', 'lighting', 'other',
    'heat_reuse', 'heat_removed', 'water_potable', 'water_other', 'water_reuse',
    'outdoor_temperature'));

alter table kpi drop constraint kpi_kpi_check;
alter table kpi add constraint kpi_kpi_check check (kpi in (
    'pue', 'ref', 'ref_hourly', 'cue_location', 'cue_market', 'wue', 'erf', 'cer'));
comment on column kpi.category is 'where IT energy is measured: 1 UPS output, 2 PDU output, 3 rack; of a WUE 1 potable water, 2 all water, 3 less what is reused; 0 where it does not apply';
comment on column kpi.numerator_kwh is 'measured and estimated together; *_estimated_kwh is the part inside register gaps; of a WUE in litres; of a CUE the grid energy that carries emissions';

alter table target drop constraint target_kpi_check;
alter table target add constraint target_kpi_check check (kpi in (
    'pue', 'ref', 'cue_location', 'cue_market', 'wue', 'erf', 'cer'));
alter table target drop constraint target_comparison_check;
alter table target add constraint target_comparison_check check (comparison in ('lt', 'ge'));

alter table data_centre add column grid_region text not null default 'CN';
comment on column data_centre.grid_region is 'whose emission factors hold for the electricity of its grid';

create table energy_attribute (
    id integer generated always as identity primary key,
    data_centre_id integer not null references data_centre,
    kind text not null check (kind in ('certificate', 'green_power', 'sold')),
    serial text not null check (serial ~ '^[!-~]{1,128}$'),
    volume_kwh double precision not null check (volume_kwh > 0 and volume_kwh < 1e12),
    generated_from date not null,
    generated_to date not null,
    valid_to date not null,
    retired_on date,
    used_from date not null,
    used_to date not null,
    source text not null,
    updated_at timestamptz not null default now(),
    unique (serial),
    check (generated_from < generated_to and generated_to <= valid_to),
    check (used_from < used_to),
    check (kind <> 'certificate' or mod(volume_kwh::numeric, 1000) = 0)
);
create index on energy_attribute (data_centre_id, used_from);
comment on table energy_attribute is 'dated rows of the renewable share: retired certificates, settled green power, sold attributes of own generation; dates are [from, to)';
comment on column energy_attribute.serial is 'of the certificate, or of the settlement: the same can never count twice, not even for two data centres';
comment on column energy_attribute.volume_kwh is 'a certificate stands for whole 1000 kWh';
comment on column energy_attribute.valid_to is 'retired after this, it does not count';

create table emission_factor (
    id integer generated always as identity primary key,
    region text not null,
    kind text not null check (kind in
        ('grid', 'residual', 'generator', 'fuel', 'delivered_cooling')),
    valid_from date not null,
    factor double precision not null check (factor >= 0),
    source text not null,
    unique (region, kind, valid_from)
);
comment on table emission_factor is 'kgCO2 per kWh, in force until the next of the same region and kind; the region CN serves where a region has none';
comment on column emission_factor.kind is 'grid: average of all electricity; residual: without the non-fossil electricity that was sold as such; others: role of a meter';
insert into emission_factor (region, kind, valid_from, factor, source) values
    ('CN', 'grid', '2021-01-01', 0.5568, 'Ministry of Ecology and Environment: national average of 2021'),
    ('CN', 'grid', '2022-01-01', 0.5366, 'Ministry of Ecology and Environment, 2024-12: national average of 2022'),
    ('CN', 'grid', '2023-01-01', 0.5306, 'Ministry of Ecology and Environment, 2026-01: national average of 2023'),
    ('CN', 'residual', '2022-01-01', 0.5856, 'Ministry of Ecology and Environment, 2024-12: national average of 2022 without market-traded non-fossil electricity'),
    ('CN-north', 'grid', '2022-01-01', 0.6776, 'Ministry of Ecology and Environment, 2024-12: North China region, 2022'),
    ('CN-north', 'grid', '2023-01-01', 0.6361, 'Ministry of Ecology and Environment, 2026-01: North China region, 2023'),
    ('CN-east', 'grid', '2022-01-01', 0.5617, 'Ministry of Ecology and Environment, 2024-12: East China region, 2022'),
    ('CN-east', 'grid', '2023-01-01', 0.5500, 'Ministry of Ecology and Environment, 2026-01: East China region, 2023'),
    ('CN-northeast', 'grid', '2022-01-01', 0.5564, 'Ministry of Ecology and Environment, 2024-12: Northeast China region, 2022'),
    ('CN-northeast', 'grid', '2023-01-01', 0.5122, 'Ministry of Ecology and Environment, 2026-01: Northeast China region, 2023'),
    ('CN-central', 'grid', '2022-01-01', 0.5395, 'Ministry of Ecology and Environment, 2024-12: Central China region, 2022'),
    ('CN-central', 'grid', '2023-01-01', 0.5271, 'Ministry of Ecology and Environment, 2026-01: Central China region, 2023'),
    ('CN-northwest', 'grid', '2022-01-01', 0.5857, 'Ministry of Ecology and Environment, 2024-12: Northwest China region, 2022'),
    ('CN-northwest', 'grid', '2023-01-01', 0.5543, 'Ministry of Ecology and Environment, 2026-01: Northwest China region, 2023'),
    ('CN-south', 'grid', '2022-01-01', 0.3869, 'Ministry of Ecology and Environment, 2024-12: South China region, 2022'),
    ('CN-southwest', 'grid', '2022-01-01', 0.2268, 'Ministry of Ecology and Environment, 2024-12: Southwest China region, 2022'),
    ('CN', 'generator', '2021-01-01', 0.8426, 'Ministry of Ecology and Environment: fossil power of 2021, taken for generators measured at their output'),
    ('CN', 'generator', '2022-01-01', 0.8325, 'Ministry of Ecology and Environment, 2024-12: fossil power of 2022, taken for generators measured at their output'),
    ('CN', 'fuel', '2006-01-01', 0.26676, 'IPCC 2006, volume 2, table 2.2: diesel oil 74.1 kgCO2/GJ of its heat value');

create table kpi_stale (
    data_centre_id integer primary key references data_centre,
    since date not null,
    cause text not null
);
comment on table kpi_stale is 'data centres whose days and longer periods from this day on are to be folded again, because certificates or factors changed';

create table meter_hour (
    meter_id integer not null,
    hour timestamptz not null,
    amount double precision not null,
    estimated double precision not null,
    covered_s double precision not null,
    estimated_s double precision not null,
    primary key (meter_id, hour)
);
comment on table meter_hour is 'of each meter alone: kWh (of water m3) of an hour, the estimated part, measured and estimated time';

create table operating_point (
    data_centre_id integer not null references data_centre,
    point text not null check (point in ('a', 'b', 'c', 'd', 'e')),
    time_share double precision not null check (time_share between 0 and 1),
    total_kw double precision not null check (total_kw >= 0),
    it_kw double precision not null check (it_kw > 0),
    measured_on date not null,
    source text not null,
    primary key (data_centre_id, point)
);
comment on table operating_point is 'the five operating points of GB 40879-2021: power at each, and the share of the year that its outdoor temperature has';
