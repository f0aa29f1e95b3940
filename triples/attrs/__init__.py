"""Attrs: the property and link definitions of an app, as values and as a cached catalog."""
