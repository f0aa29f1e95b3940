"""Thousands of sockets."""
