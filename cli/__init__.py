"""The command line: composition root, the only reader of the environment and the only printer."""
