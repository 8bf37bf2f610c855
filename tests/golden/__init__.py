"""Pixels that torchvision made once."""
