"""One suite per seam, over all its implementations."""
