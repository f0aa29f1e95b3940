"""Identity providers: how they are configured, asked, and believed (http-api.md §5)."""
