"""The files of other tools as text."""
