-- Rules of these kinds have a schedule now. Said of those that are stored, so that the
-- shipped ones do not count as changed at the next start.
update rule set definition = definition || '{"schedule": null}'
where definition ->> 'kind' in ('absence', 'quality', 'anomaly')
    and not definition ? 'schedule';
