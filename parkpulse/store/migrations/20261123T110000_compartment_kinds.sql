-- What a compartment of a utility tunnel carries decides which gas limits hold in it.
alter table place add column compartment text
    check (compartment in ('water', 'sewage', 'gas', 'heat', 'power'));
