"""What the simulated `aclruntime` and `atc` are made of."""
