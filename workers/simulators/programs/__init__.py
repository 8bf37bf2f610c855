"""The vendor's programs; `install.py` makes them callable by their names."""
