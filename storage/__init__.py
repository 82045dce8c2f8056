"""Tables and queries. Imports neither of the packages above it."""
