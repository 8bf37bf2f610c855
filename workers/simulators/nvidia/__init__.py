"""What stands behind the simulated `cuda.bindings.runtime`, `tensorrt` and `pynvml`: one card, as one process has it."""
