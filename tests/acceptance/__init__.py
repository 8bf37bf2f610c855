"""The real command, as a user types it."""
