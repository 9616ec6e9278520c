-- The newest finding of the engine's daily search for a drift of the overhead.

create table drift_finding (
    data_centre_id integer primary key references data_centre,
    period_start timestamptz not null,
    period_end timestamptz not null,
    thermometer text,
    finding text,
    onset date,
    shift_kw double precision,
    yearly_kwh double precision,
    statistic double precision,
    part text,
    devices text[] not null default '{}',
    check ((onset is null) = (shift_kw is null))
);
comment on table drift_finding is 'one row a data centre, replaced once a civil day; onset is null where nothing changed for good';
comment on column drift_finding.period_end is 'the midnight of the park up to which it was searched';
comment on column drift_finding.thermometer is 'device of the outdoor temperature; without one a change may be the season';
comment on column drift_finding.finding is 'why nothing can be told: too_few_days, no_common_hours';
comment on column drift_finding.shift_kw is 'change of the overhead at the same load, weather and hour of the week';
comment on column drift_finding.part is 'what explains the change best, with its devices';
