"""Streaming anomaly detection: many series at once, a fixed-size state for each."""
