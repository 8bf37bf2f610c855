"""Speed and memory, measured as interleaved ratios; never part of the tests."""
