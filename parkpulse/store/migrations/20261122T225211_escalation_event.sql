alter table escalation add after_event bigint not null default 0;
comment on column escalation.after_event is 'last event of the alert when the escalation began: an answer or return that is newer ends it, also one that lasted for less than a tick';
