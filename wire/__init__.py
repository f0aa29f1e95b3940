"""What crosses the network, as values: errors, JSON, ids, clock. Imports nothing of ours."""
