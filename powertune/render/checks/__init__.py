"""A check: how one version of a function compares with another."""
