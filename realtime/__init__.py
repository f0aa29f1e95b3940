"""Transports, sessions, live queries and the change feed: what keeps clients up to date."""
