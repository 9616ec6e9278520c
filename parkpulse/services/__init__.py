"""The private TimescaleDB and broker of one machine, and the supervisor."""
