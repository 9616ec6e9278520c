"""Streaming anomaly detection for many series at once: one fixed-size state a series."""
