"""The command that reads, writes and tries alert rules."""
