"""Batch log to alerts, rollups and KPIs."""
