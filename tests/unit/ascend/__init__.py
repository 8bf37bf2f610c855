"""The Ascend code below the seam, without a chip: what is read from the texts of the vendor's tools."""
