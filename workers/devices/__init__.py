"""One file per vendor behind one small seam."""
