"""Figures of this machine, by `make bench`. Nothing here is asserted by a test."""
