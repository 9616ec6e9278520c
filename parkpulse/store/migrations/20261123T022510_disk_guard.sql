-- How full the database's disk is, as each receiving process sees it.
alter table ingest_worker
    add column disk_state text not null default 'ok'
        check (disk_state in ('ok', 'low', 'full')),
    add column disk_free_bytes bigint;
comment on column ingest_worker.disk_state is 'full: the worker takes no messages, the broker keeps them';
