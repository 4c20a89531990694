"""The function under test: what it is, what a run does to it, and how that is undone."""
