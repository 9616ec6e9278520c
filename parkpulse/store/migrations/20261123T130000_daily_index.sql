-- A chart of a year reads one row of each of 365 days. They were written day by day, so
-- they lie in as many pages; in the index the rows of a series lie together. It now holds
-- what charts show, for a third more of the daily tier's disk. A row is written once, when
-- its day is over, so that nothing more has to be kept up to date. Whether a row is old
-- enough to be shown from the index only is known from the last vacuum.
alter table rollup_1d drop constraint rollup_1d_series_ts_key;
alter table rollup_1d add constraint rollup_1d_series_ts_key
    unique (series, ts) include (n, sum, min, max, first, last);
alter table rollup_1d set (autovacuum_vacuum_insert_scale_factor = 0.02);
