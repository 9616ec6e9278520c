-- Where limits and targets come from, in Chinese too.

alter table rule add column source_zh text not null default '';
comment on column rule.source_zh is 'source in Chinese; empty: as source';
alter table rule_version add column source_zh text not null default '';
alter table target add column source_zh text not null default '';
comment on column target.source_zh is 'source in Chinese; empty: as source';
update target set source_zh =
    '山东省《关于加快数字经济高质量发展的意见》（2023年12月28日）第14条'
where source = 'Shandong, opinion on accelerating the high-quality development of the digital economy, 2023-12-28, item 14';
