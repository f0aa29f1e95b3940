"""The way of a change from whoever reads the log to the processes that hold its app."""
