"""Background jobs that make stored triples follow a change of their attr."""
