"""Methods of HTTP by what they do."""

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""All others only read."""
