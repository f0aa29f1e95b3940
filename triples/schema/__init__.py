"""Schemas: showing an app's attrs as one, and changing the attrs to be what one says."""
