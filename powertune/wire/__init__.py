"""Data to JSON and back: the only room that knows the keys."""

from powertune.wire.coding import WireError, dumps, from_data, loads, to_data, without_unasked
from powertune.wire.result_file import read_result, result_from_text

__all__ = ["WireError", "dumps", "from_data", "loads", "read_result", "result_from_text", "to_data", "without_unasked"]
