"""Wiring only: settings, the list of HTTP paths, the database of its own, start and stop."""
