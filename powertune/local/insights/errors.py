"""The one way a query can fail."""


class MalformedQuery(ValueError):
    """The query is not understood. ``position`` is the offset in its text where that shows."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
