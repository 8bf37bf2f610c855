"""The tests of dinoq."""
