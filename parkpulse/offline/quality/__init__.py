"""`parkpulse quality`: QARTOD flags of a file's columns, without any server."""
