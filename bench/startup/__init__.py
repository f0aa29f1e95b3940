"""How long a start takes, and what an idle server costs."""
