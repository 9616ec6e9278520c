"""Pure models of rain, water, air, tunnels and data centres: arrays in, arrays out."""
