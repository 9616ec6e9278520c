"""A site as a function of time: weather, water, tunnel, data centre."""
