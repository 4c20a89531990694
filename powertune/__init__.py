"""powertune: power tuning and profiling for AWS Lambda."""

__version__ = "0.1.0"
