"""Outbox to the people on duty."""
