"""The embedded AWS endpoint: MiniStack with powertune's own Lambda, logs, Logs Insights and X-Ray."""
