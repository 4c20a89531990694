"""The parts of the report page of one run."""
