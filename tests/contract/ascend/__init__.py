"""The Ascend device code on a machine of simulated chips."""
