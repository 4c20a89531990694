"""A result as text: for terminals, Markdown, CSV, JUnit XML."""
