"""SQL text with its values, and the connections that run it."""
