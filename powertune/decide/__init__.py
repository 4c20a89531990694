"""What the numbers mean. Pure: no AWS, no clock, no randomness but a seed passed in."""
