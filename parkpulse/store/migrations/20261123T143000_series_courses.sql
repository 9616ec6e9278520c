-- What charts of several series show, in one round trip: for each the buckets of a tier,
-- and the readings since the newest of them began. Setting such a statement up (all chunks
-- of two tables are opened) takes longer than answering it for one series more. Each column
-- of a series comes packed into one value; times are microseconds since 1970 UTC. Planning
-- takes longer than running it, so the plan is kept.
do $make$
declare tier text;
begin
    foreach tier in array array['1m', '1h', '1d'] loop
        execute format('drop function series_course_%1$s', tier);
        execute format($statement$
create function series_courses_%1$s(
    of_series integer[], since_us bigint[], until_us bigint[], shift_us bigint[],
    most bigint
) returns table (
    bucket_start bytea, bucket_n bytea, bucket_sum bytea, bucket_min bytea,
    bucket_max bytea, bucket_first bytea, bucket_last bytea,
    reading_ts bytea, reading_value bytea
) language plpgsql stable set plan_cache_mode = force_generic_plan as $body$
begin
    return query
    with asked as materialized (
        select u.series, u.position, u.shift * interval '1 us' as shift,
            '1970-01-01Z'::timestamptz + u.since * interval '1 us' as since,
            '1970-01-01Z'::timestamptz + u.until * interval '1 us' as until
        from unnest(of_series, since_us, until_us, shift_us)
            with ordinality as u (series, since, until, shift, position)
    )
    select b.ts, b.n, b.sum, b.min, b.max, b.first, b.last, r.ts, r.value
    from asked a
    cross join lateral (
        select max(k.ts) as newest,
            string_agg(timestamptz_send(k.ts), '') as ts,
            string_agg(int4send(k.n), '') as n,
            string_agg(float8send(k.sum), '') as sum,
            string_agg(float8send(k.min), '') as min,
            string_agg(float8send(k.max), '') as max,
            string_agg(float8send(k.first), '') as first,
            string_agg(float8send(k.last), '') as last
        from (
            select t.ts, t.n, t.sum, t.min, t.max, t.first, t.last from rollup_%1$s t
            where t.series = a.series and t.ts >= a.since and t.ts < a.until
            order by t.ts
        ) k
    ) b
    cross join lateral (
        select string_agg(timestamptz_send(k.ts), '') as ts,
            string_agg(float8send(k.value), '') as value
        from (
            select t.ts, t.value from reading t
            where t.series = a.series
                and t.ts >= coalesce(b.newest, a.since) + a.shift
                and t.ts < a.until + a.shift and t.quality <> 4
            order by t.ts
            limit most
        ) k
    ) r
    order by a.position;
end
$body$
        $statement$, tier);
    end loop;
end
$make$;
