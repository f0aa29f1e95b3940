"""One write to many subscribers."""
