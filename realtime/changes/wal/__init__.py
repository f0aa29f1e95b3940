"""The change source that reads the write-ahead log through a replication slot."""
