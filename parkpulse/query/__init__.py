"""The read side: ranges, evidence, live values."""
