"""SL 651-2014, the telemetry of China's hydrological stations, HEX/BCD and ASCII."""
