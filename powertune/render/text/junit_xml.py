"""JUnit's XML: suites of cases, as continuous integration reads them. It knows nothing of memory sizes.

There is no standard for the format. This is what is common to those who read it (Jenkins, GitLab, GitHub's actions, and
others): ``testsuites``, ``testsuite``, ``testcase``, with ``properties``, ``failure``, ``error``, ``skipped`` and
``system-out``, in that order.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from xml.etree import ElementTree

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may have, not even escaped (XML 1.0, production 2)."""
_REPLACEMENT = "�"


class Outcome(StrEnum):
    """What came of a case that did not pass, by the name of its element."""

    FAILURE = "failure"  # what was tested is not as it should be
    ERROR = "error"  # it could not be tested
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case.

    Attributes:
        name: its name within the class.
        classname: the class, with dots as separators of what contains what.
        seconds: how long it took; None where that is unknown.
        outcome: None where it passed.
        message: what came of it, in a sentence.
        kind: a name for that kind of outcome, without spaces.
        details: more than the message.
        output: text that belongs to it whatever its outcome.
        properties: names and values.
    """

    name: str
    classname: str
    seconds: Decimal | None = None
    outcome: Outcome | None = None
    message: str = ""
    kind: str = ""
    details: str = ""
    output: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Cases that belong together; ``timestamp`` is ISO 8601 in UTC without its zone, ``seconds`` the whole time."""

    name: str
    cases: Sequence[Case]
    timestamp: str | None = None
    seconds: Decimal | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    output: str = ""

    def count(self, outcome: Outcome) -> int:
        """How many cases ended so."""
        return sum(case.outcome is outcome for case in self.cases)


def document(name: str, suites: Sequence[Suite]) -> str:
    """The whole file, with a line for each element."""
    root = ElementTree.Element("testsuites", {"name": xml_text(name), "tests": str(sum(len(s.cases) for s in suites))})
    for outcome, attribute in ((Outcome.FAILURE, "failures"), (Outcome.ERROR, "errors")):
        root.set(attribute, str(sum(suite.count(outcome) for suite in suites)))
    for suite in suites:
        root.append(_suite(suite))
    ElementTree.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def xml_text(text: str) -> str:
    """The text with U+FFFD for what XML cannot carry: most control characters, and halves of pairs."""
    return _FORBIDDEN.sub(_REPLACEMENT, text)


def seconds_text(seconds: Decimal) -> str:
    """Seconds without an exponent, which some readers do not know: ``0.0000102``."""
    digits = format(seconds, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _suite(suite: Suite) -> ElementTree.Element:
    element = ElementTree.Element("testsuite", {"name": xml_text(suite.name), "tests": str(len(suite.cases))})
    element.set("failures", str(suite.count(Outcome.FAILURE)))
    element.set("errors", str(suite.count(Outcome.ERROR)))
    element.set("skipped", str(suite.count(Outcome.SKIPPED)))
    if suite.timestamp is not None:
        element.set("timestamp", xml_text(suite.timestamp))
    if suite.seconds is not None:
        element.set("time", seconds_text(suite.seconds))
    _add_properties(element, suite.properties)
    for case in suite.cases:
        element.append(_case(case))
    if suite.output:
        ElementTree.SubElement(element, "system-out").text = xml_text(suite.output)
    return element


def _case(case: Case) -> ElementTree.Element:
    element = ElementTree.Element("testcase", {"classname": xml_text(case.classname), "name": xml_text(case.name)})
    if case.seconds is not None:
        element.set("time", seconds_text(case.seconds))
    _add_properties(element, case.properties)
    if case.outcome is not None:
        found = ElementTree.SubElement(element, case.outcome.value)
        found.set("message", xml_text(case.message))
        if case.kind and case.outcome is not Outcome.SKIPPED:
            found.set("type", xml_text(case.kind))
        found.text = xml_text(case.details) or None
    if case.output:
        ElementTree.SubElement(element, "system-out").text = xml_text(case.output)
    return element


def _add_properties(element: ElementTree.Element, properties: Mapping[str, str]) -> None:
    if not properties:
        return
    parent = ElementTree.SubElement(element, "properties")
    for name, value in properties.items():
        ElementTree.SubElement(parent, "property", {"name": xml_text(name), "value": xml_text(value)})
