"""Commands of the realtime layer."""
