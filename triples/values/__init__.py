"""Values of triples as values: their JSON kinds, their dates, and the bytes that order them."""
