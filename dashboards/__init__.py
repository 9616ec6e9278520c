"""The web page and Grafana dashboards."""
