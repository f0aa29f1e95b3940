"""Rooms: who is here, and what they tell each other (spec: realtime.md §7)."""
