"""KPIs and detectors on files, without any server."""
