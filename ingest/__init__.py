"""The receiving side: MQTT to committed rows."""
