"""The operator's desk as commands: alerts, maintenance windows, duty."""
