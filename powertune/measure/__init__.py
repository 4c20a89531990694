"""Where the numbers come from: Invoke and its log tail, Logs Insights, X-Ray, and their join."""
