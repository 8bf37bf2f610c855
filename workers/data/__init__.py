"""Photos in, verified shards out."""
