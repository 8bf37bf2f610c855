"""Two runs beside each other: what changed, what that did to accuracy and speed, and which differences are noise."""
