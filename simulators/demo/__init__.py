"""The demonstration park: a made-up park in Jinan with its weather and its devices."""
