-- The numbers of one park's messages are read without those of all others.
alter table sequence_log add column park_id integer;
create index on sequence_log (park_id, at);
comment on column sequence_log.park_id is 'null in rows from before this column';
comment on table sequence_log is
    'numbers that devices gave their messages, a row a batch and park; packed little-endian: device int32, seq int64';
