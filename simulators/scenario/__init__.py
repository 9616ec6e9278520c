"""Parks by scenario: any number of devices, known faults, known truth."""
