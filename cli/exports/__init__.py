"""What `dinoq export --as NAME` writes: one file for each NAME, each with `write(now, asked) -> int`."""
