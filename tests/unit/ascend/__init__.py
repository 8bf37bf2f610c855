"""The Ascend code below the seam, without a chip: texts of the vendor's tools, and small programs in their place."""
