-- What is done by the signed link of a message stands in the audit, too.
alter table audit drop constraint audit_way_check;
alter table audit add constraint audit_way_check
    check (way in ('open', 'session', 'token', 'command', 'link'));
