"""How powertune speaks to AWS, or to an endpoint in its place."""
