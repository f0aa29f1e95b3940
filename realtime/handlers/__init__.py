"""What each op of the socket does: one file an op, or a pair of them."""
