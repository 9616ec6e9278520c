"""Pure NumPy and SciPy: energies, KPIs, rules; no IO and no clock."""
