"""Live queries: who watches them, what was last answered, and when to answer again."""
