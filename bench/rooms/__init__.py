"""How fast people in a room see each other."""
