"""Who is on this host's devices and how they feel: one sampler per vendor, and what its word is good for."""
