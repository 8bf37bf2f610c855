"""Simulators replace a vendor's interface (its modules and programs), never dinoq's code above it."""
