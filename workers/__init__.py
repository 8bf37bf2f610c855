"""Does the work: datasets, preprocessing, devices, the supervisor."""
