"""Energies, PUE and renewable share of a file, without any server."""
