"""HTTP handlers of sign-in; `instant_project.urls` gives them their paths."""
