"""aws-lambda-power-tuning's execution input and output, read as requests and written from results. Pure."""

from powertune.peer.output import chart_url, comparison_url, peer_output, visualization_url
from powertune.peer.payloads import payloads_from_text
from powertune.peer.request import is_peer_input, request_from

__all__ = [
    "chart_url",
    "comparison_url",
    "is_peer_input",
    "payloads_from_text",
    "peer_output",
    "request_from",
    "visualization_url",
]
