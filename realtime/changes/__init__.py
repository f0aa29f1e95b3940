"""What the database committed, as values, and where those values come from."""
