"""Anomaly scores of a CSV file."""
