"""The tests of Parkpulse."""
