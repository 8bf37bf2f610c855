"""Things killed at random moments: no number changes."""
