-- Drawings of parks, and where places and devices lie on them.

create table park_plan (
    park_id integer primary key references park,
    source text not null check (source in ('svg', 'png', 'geojson')),
    kind text not null check (kind in ('svg', 'png')),
    content bytea not null check (length(content) <= 4194304),
    width double precision not null check (width > 0),
    height double precision not null check (height > 0),
    bounds double precision[] check (array_length(bounds, 1) = 4),
    updated_at timestamptz not null default now()
);
comment on table park_plan is 'the drawing of a park as it is shown: cleaned, never as it was uploaded';
comment on column park_plan.bounds is 'west, south, east, north in degrees (WGS 84) of a drawing made from GeoJSON';

create table plan_position (
    park_id integer not null references park,
    kind text not null check (kind in ('place', 'device')),
    code text not null,
    x double precision not null check (x between 0 and 1),
    y double precision not null check (y between 0 and 1),
    primary key (park_id, kind, code)
);
comment on table plan_position is 'shares of the drawing''s width from the left and of its height from the top';
