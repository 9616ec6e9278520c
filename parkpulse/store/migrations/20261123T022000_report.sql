-- Reports as they were made: what they say is kept, and the files that were handed out.

create table report (
    id uuid primary key,
    park_id integer not null references park,
    data_centre_id integer references data_centre,
    kind text not null check (kind in ('inspection', 'monthly', 'quarterly')),
    period text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    made_at timestamptz not null default now(),
    made_by text not null,
    revision_id bigint not null,
    content text not null,
    content_sha256 text not null,
    check ((kind = 'inspection') = (data_centre_id is not null))
);
create index on report (park_id, made_at);
create index on report (data_centre_id);
comment on column report.revision_id is 'newest kpi_revision that the figures know';
comment on column report.content is 'the figures with their evidence (JSON); every file is made of this alone';

create table report_file (
    report_id uuid not null references report on delete cascade,
    language text not null check (language in ('zh', 'en')),
    format text not null check (format in ('pdf', 'xlsx')),
    body bytea not null,
    primary key (report_id, language, format)
);
