"""One write among many live queries."""
