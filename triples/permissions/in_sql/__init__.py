"""Rules as SQL: the tree of an expression becomes a predicate on an entity's id."""
