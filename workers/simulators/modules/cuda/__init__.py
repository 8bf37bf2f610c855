"""The simulator of the package `cuda`."""

__simulated__ = True
