"""The command that lists anomalies."""
