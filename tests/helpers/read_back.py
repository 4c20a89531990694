"""The figures of a result, read back from each form in which it is written: what a reader of that form would know."""

import csv
import io
import re
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser

from junitparser import Error, Failure, JUnitXml, Properties
from markdown_it import MarkdownIt

from powertune.domain.price import Money
from powertune.domain.result import Interval
from powertune.render import figures


@dataclass
class Read:
    """What a form says: of each memory size the figures by name, the sentence, and the recommended size's words."""

    sizes: dict[int, dict[str, str]] = field(default_factory=dict)
    sentence: str | None = None
    recommended: int | None = None


_NAMES = {
    "Warm mean": "mean",
    "Cold start": "mean",
    "One invocation": "mean",
    "p95": "p95",
    "Cost per million": "cost",
    "Per million": "cost",
    "Max memory used": "used",
    "Max used": "used",
    "Invoked": "invocations",
    "Errors": "errors",
}
_RECOMMENDED = ("recommended", "already best", "keep", "nearest")


def _name(title):
    return next((name for start, name in _NAMES.items() if title == start or title.startswith(f"{start} ")), None)


def _memory(text):
    found = re.match(r"\*? *([\d,]+) MB", text)
    return int(found[1].replace(",", "")) if found else None


class _Table(HTMLParser):
    """The rows of the table in one section, a cell as its words; a cell that spans others stands for all of them."""

    def __init__(self, section, source):
        super().__init__()
        self.rows, self.marked = [], []
        self._wanted, self._inside, self._cell = section, False, False
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "section":
            self._inside = given.get("aria-labelledby") == self._wanted
        if not self._inside:
            return
        if tag == "tr":
            self.rows.append([])
            self.marked.append(given.get("class") == "best")
        if tag in ("th", "td"):
            self._cell = True
            self.rows[-1] += [""] * int(given.get("colspan", 1))

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self._cell = False
        if tag == "section":
            self._inside = False

    def handle_data(self, data):
        if self._inside and self._cell:
            self.rows[-1][-1] += data


def cold_from_html(source):
    """The table of cold starts: texts by title, for each memory size."""
    heads, *rows = [[" ".join(text.split()) for text in row] for row in _Table("cold", source).rows or [[]]]
    return {_memory(row[0]): dict(zip(heads, row, strict=True)) for row in rows}


def column_of_text(text, title):
    """A column of the first table of a terminal or of Markdown: its text for each memory size that has one."""
    lines = text.splitlines()
    at = next(at for at, line in enumerate(lines) if title in line)
    apart = r"\s*\|\s*" if "|" in lines[at] else r" {2,}"
    heads = re.split(apart, lines[at].strip("| "))
    found = {}
    for line in lines[at + 2 :]:
        cells = re.split(apart, line.strip("|* "))
        memory_mb = _memory(cells[0].strip("* "))
        if memory_mb is None:
            break
        if len(cells) > heads.index(title):
            found[memory_mb] = cells[heads.index(title)]
    return found


def from_html(source):
    table = _Table("sizes", source)
    read = Read()
    heads = [_name(" ".join(title.split())) for title in table.rows[0]]
    for row, marked in zip(table.rows[1:], table.marked[1:], strict=True):
        cells = [" ".join(text.split()) for text in row]
        memory_mb = _memory(cells[0])
        missing = "failed" in cells[0] or "not measured" in cells[0]
        kept = {name: text for name, text in zip(heads, cells, strict=True) if name}
        counts = ("invocations", "errors")
        read.sizes[memory_mb] = {name: text for name, text in kept.items() if name in counts} if missing else kept
        if marked:
            read.recommended = memory_mb
    return read


def from_terminal(text):
    lines = text.splitlines()
    ruler = next(at for at, line in enumerate(lines) if line.startswith("───"))
    heads = [_name(title) for title in re.split(r" {2,}", lines[ruler - 1].strip())]
    read = Read()
    for line in lines[ruler + 1 :]:
        memory_mb = _memory(line.strip())
        if memory_mb is None:
            break
        cells = re.split(r" {2,}", line.strip("* "))
        missing = re.match(r"(failed|not measured)\b", cells[1])
        read.sizes[memory_mb] = {} if missing else {n: text for n, text in zip(heads, cells, strict=False) if n}
        if line.startswith("*"):
            read.recommended = memory_mb
    rest = "\n".join(lines[ruler:]).split("\n\n")[1:]
    read.sentence = " ".join(" ".join(rest).split())
    return read


def markdown_tokens(text):
    return MarkdownIt("commonmark").enable("table").parse(text)


def words(inline):
    """The words of a finished piece of Markdown, with what stands in code as it is."""
    return "".join(child.content for child in inline.children)


def markdown_tables(text):
    """Each table as rows of words."""
    tables, tokens = [], markdown_tokens(text)
    for at, token in enumerate(tokens):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type in ("th_open", "td_open"):
            tables[-1][-1].append(words(tokens[at + 1]))
    return tables


def from_markdown(text):
    rows = markdown_tables(text)[0]
    heads = [_name(title) for title in rows[0]]
    read = Read(sentence=words(markdown_tokens(text)[1]))
    for row in rows[1:]:
        memory_mb = _memory(row[0])
        missing = row[-1].startswith(("failed", "not measured"))
        kept = {name: text for name, text in zip(heads, row, strict=True) if name}
        counts = ("invocations", "errors")
        read.sizes[memory_mb] = {name: text for name, text in kept.items() if name in counts} if missing else kept
        if row[-1] in _RECOMMENDED or (row[-1] == "present" and f"| **{figures.memory(memory_mb)}**" in text):
            read.recommended = memory_mb
    return read


def from_csv(text, architecture):
    read = Read()
    for row in csv.DictReader(io.StringIO(text, newline="")):
        if row["architecture"] != architecture:
            continue
        memory_mb = int(row["memory_mb"])
        read.sizes[memory_mb] = as_texts(row, row["currency"])
        if row["recommended"] == "true":
            read.recommended = memory_mb
    return read


def from_junit(text, architecture):
    suite = next(suite for suite in JUnitXml.fromstring(text.encode()) if suite.name.endswith(f"({architecture})"))
    currency = next(one.value for one in suite.properties() if one.name == "currency")
    read = Read()
    for case in suite:
        if case.name == "recommendation":
            read.sentence = case.system_out.splitlines()[0]
            continue
        memory_mb = _memory(case.name)
        if memory_mb is None:
            continue
        known = {one.name: one.value for one in case.child(Properties)}
        assert int(known["memory_mb"]) == memory_mb
        read.sizes[memory_mb] = as_texts(known, currency)
        if known["recommended"] == "true":
            read.recommended = memory_mb
    return read


def junit_outcomes(text):
    """How each case of the first suite ended, by its name."""
    suite = next(iter(JUnitXml.fromstring(text.encode())))
    kinds = {Failure: "failure", Error: "error"}
    return {case.name: "passed" if not case.result else kinds.get(type(case.result[0]), "skipped") for case in suite}


def as_texts(known, currency):
    """Exact figures by name, as people would read them."""

    def number(name):
        return float(known[name]) if known.get(name) else None

    def interval(name):
        low, high = number(f"{name}_low"), number(f"{name}_high")
        return None if low is None or high is None else Interval(low=low, high=high)

    texts = {"invocations": figures.count(int(known["invocations"])), "errors": figures.count(int(known["errors"]))}
    if known["status"] not in ("measured", "worked"):
        return texts
    cost = (
        Money(amount=Decimal(known["cost_per_million"]), currency=currency) if known.get("cost_per_million") else None
    )
    used = known.get("max_memory_used_mb")
    return texts | {
        "mean": figures.duration_estimate(number("mean_ms"), interval("mean_ms")),
        "p95": figures.duration(number("p95_ms")),
        "cost": figures.money_estimate(cost, interval("cost_per_million")),
        "used": figures.memory(int(used) if used else None),
    }
