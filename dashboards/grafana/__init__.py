"""Grafana dashboards as code, and what brings them into a Grafana."""
