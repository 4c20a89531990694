"""The runs of a function over time."""
