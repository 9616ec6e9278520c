-- Outdoor humidity beside the temperature: evaporative cooling follows the wet bulb.

alter table meter drop constraint meter_role_check;
alter table meter add constraint meter_role_check check (role in (
    'grid_import', 'grid_export', 'generator', 'pv', 'wind', 'hydro', 'storage',
    'green_power', 'delivered_cooling', 'fuel', 'foreign_load',
    'ups_input', 'ups_output', 'pdu_output', 'rack', 'cooling', 'lighting', 'other',
    'heat_reuse', 'heat_removed', 'water_potable', 'water_other', 'water_reuse',
    'outdoor_temperature', 'outdoor_humidity'));
