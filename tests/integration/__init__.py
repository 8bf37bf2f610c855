"""Real processes and private servers."""
