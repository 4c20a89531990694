"""The run: its steps, and the three ways to drive them."""
