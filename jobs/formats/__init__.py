"""The files of other tools: text in, values out, and back. What may be written here is read here too."""
