"""Who may use the broker: Mosquitto's files of passwords and rights."""
