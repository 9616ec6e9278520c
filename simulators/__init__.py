"""Parks without hardware, and replay of real measurements."""
