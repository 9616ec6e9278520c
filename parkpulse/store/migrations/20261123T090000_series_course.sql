-- What a chart of a series shows, in one round trip: the buckets of a tier, and the
-- readings since the newest of them began. Each column comes packed into one value.
-- Planning such a statement anew takes longer than running it, so its plan is kept.
do $make$
declare tier text;
begin
    foreach tier in array array['1m', '1h', '1d'] loop
        execute format($statement$
create function series_course_%1$s(
    of_series integer, since timestamptz, until timestamptz, shift interval, most bigint
) returns table (
    bucket_start bytea, bucket_n bytea, bucket_sum bytea, bucket_min bytea,
    bucket_max bytea, bucket_first bytea, bucket_last bytea,
    reading_ts bytea, reading_value bytea
) language plpgsql stable set plan_cache_mode = force_generic_plan as $body$
begin
    return query
    with kept as materialized (
        select t.ts, t.n, t.sum, t.min, t.max, t.first, t.last from rollup_%1$s t
        where t.series = of_series and t.ts >= since and t.ts < until
        order by t.ts
    ), newer as materialized (
        select t.ts, t.value from reading t
        where t.series = of_series
            and t.ts >= coalesce((select max(k.ts) from kept k), since) + shift
            and t.ts < until + shift and t.quality <> 4
        order by t.ts
        limit most
    )
    select b.*, r.* from (
        select string_agg(timestamptz_send(k.ts), ''), string_agg(int4send(k.n), ''),
            string_agg(float8send(k.sum), ''), string_agg(float8send(k.min), ''),
            string_agg(float8send(k.max), ''), string_agg(float8send(k.first), ''),
            string_agg(float8send(k.last), '')
        from kept k
    ) b cross join (
        select string_agg(timestamptz_send(k.ts), ''),
            string_agg(float8send(k.value), '')
        from newer k
    ) r;
end
$body$
        $statement$, tier);
    end loop;
end
$make$;
