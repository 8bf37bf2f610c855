"""dinoq: proves accuracy and throughput of ImageNet classifiers, per chip and batch size, through a job queue."""

__version__ = "0.1.0"
