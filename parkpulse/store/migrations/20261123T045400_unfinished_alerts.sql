-- The list that is asked for most: what is unfinished in a park, however long its history.
create index alert_unfinished_of_park on alert (park_id, raised_at) where state <> 'normal';
