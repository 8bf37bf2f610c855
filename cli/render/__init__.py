"""Report values in, text out."""
