"""Permission rules: the language they are written in, and what they decide."""
