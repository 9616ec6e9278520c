"""The commands of duty plans."""
