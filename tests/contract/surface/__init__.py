"""The vendors' Python modules, asked what they offer."""
