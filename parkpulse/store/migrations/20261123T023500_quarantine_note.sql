-- Why somebody discarded a message.
alter table quarantine add column note text not null default '';
create index quarantine_device on quarantine (park, device, at desc);
