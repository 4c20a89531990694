"""What an invocation costs. Pure: Decimal in, Decimal out."""
