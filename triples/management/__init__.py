"""Commands for operators and developers; each does its work through the rest of this room."""
