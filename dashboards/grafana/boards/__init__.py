"""One module a dashboard: what it shows and asks."""
