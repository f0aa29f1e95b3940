"""HTTP handlers of what this room stores; `instant_project.urls` gives them their paths."""
