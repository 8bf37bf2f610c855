"""Writes what other tools would have written: never over what is there, and whole or not at all."""
