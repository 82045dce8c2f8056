"""Measurements, each beside something to compare it with. `make bench` runs them."""
