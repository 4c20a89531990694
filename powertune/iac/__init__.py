"""Infrastructure as code: the one number in a template that says a function's memory size."""
