"""Bytes to readings and back, one module a format."""
