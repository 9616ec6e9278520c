"""Schema changes, named by UTC timestamp."""
