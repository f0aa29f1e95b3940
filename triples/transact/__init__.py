"""Writes: from tx-steps to committed triples."""
