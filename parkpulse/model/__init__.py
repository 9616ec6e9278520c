"""Values of the field: devices, readings, periods, rules, alerts."""
