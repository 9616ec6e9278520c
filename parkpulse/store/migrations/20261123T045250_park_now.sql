-- The same as text. From its releases of November 2026 on (17.12) PostgreSQL refuses to add
-- a column with a default to a table whose row type a function with a parsed body takes,
-- as the next migration does; hence this one stands before it.
create or replace function park_now(p park) returns timestamptz language sql stable as $$
    select case when p.clock = 'wall' then now()
        else coalesce(p.data_now, p.accept_from) end
$$;
