"""The commands of maintenance windows."""
