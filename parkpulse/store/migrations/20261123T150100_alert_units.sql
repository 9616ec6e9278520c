-- Units of alerts in Grafana as in the API: of a rate per time, none for flags and scores.

create or replace view dashboard.alert as
select a.id, p.code as park, l.code as place, l.name_zh as place_zh,
    l.name_en as place_en, d.code as device, d.name_zh as device_zh,
    d.name_en as device_en, r.code as rule, r.name_zh as rule_zh, r.name_en as rule_en,
    a.subject, s.metric,
    case
        when m.unit is null or r.definition ->> 'kind' in ('quality', 'anomaly') then ''
        when r.definition ->> 'kind' = 'rate' then m.unit || '/' ||
            case coalesce((r.definition ->> 'per_s')::double precision, 3600)
                when 3600 then 'h' when 86400 then 'd' when 60 then 'min' when 1 then 's'
                else '(' || (r.definition ->> 'per_s') || ' s)'
            end
        else m.unit
    end as unit, a.severity,
    array_position('{low,medium,high,critical}', a.severity) as rank, a.state,
    a.retroactive, a.onset, a.raised_at as "time", a.cleared_at, a.acknowledged_at,
    a.acknowledged_by, a.value, a.limit_value as "limit", a.state <> 'normal' as unfinished
from alert a
join park p on p.id = a.park_id
join rule r on r.id = a.rule_id
left join place l on l.id = a.place_id
left join device d on d.id = a.device_id
left join series s on s.id = a.series_id
left join metric_name m on m.metric = s.metric;
