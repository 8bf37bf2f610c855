"""File formats as text: text in, values out, and back. No I/O."""
