"""What an MQTT broker asks by HTTP: who may connect, publish and subscribe."""
