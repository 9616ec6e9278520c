"""Dated data that the energy figures rest on, as tables."""
