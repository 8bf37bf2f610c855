"""The simulator of NVIDIA's Python bindings of CUDA."""

__simulated__ = True
__version__ = "12.9.10"
