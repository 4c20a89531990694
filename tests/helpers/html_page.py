"""An HTML page as a test reads it."""

from html.parser import HTMLParser

VOID = {"meta", "input", "img", "br", "path", "rect", "circle", "link"}


class Page(HTMLParser):
    """What a browser would see: text, elements, scripts; and whether every element is closed in its order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self._sections: dict[str | None, list[str]] = {}
        self._section: str | None = None
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs)["aria-labelledby"]
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag
        if tag == "section":
            self._section = None

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.words.append(data)
            self._sections.setdefault(self._section, []).append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def section(self, heading_id: str) -> str:
        """The words of the section with a heading, those of its cells and lists apart by spaces."""
        return " ".join(" ".join(self._sections[heading_id]).split())
