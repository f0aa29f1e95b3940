"""The frames of `/runtime/session`: text to messages and messages to text."""
