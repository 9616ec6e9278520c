-- Nobody asks for all alerts at once any more: the functions say the same of those named.
drop view alert_quiet_now;
comment on function alert_quiet_among is 'why nobody is called for some alerts at present';
