-- Signs of life of the processes that neither hold leases nor receive messages.
create table process (
    name text primary key,
    kind text not null check (kind in ('api', 'notify', 'watch')),
    started_at timestamptz not null default now(),
    until timestamptz not null
);
comment on column process.until is 'it is away if it gives no sign of life by then';

alter table ingest_worker add column workers integer check (workers > 0);
comment on column ingest_worker.workers is
    'how many workers there are in all, as this one was told; null: it did not say';
