"""Which live queries a change may alter: sound first, precise second."""
