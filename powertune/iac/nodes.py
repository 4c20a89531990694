"""A SAM or CloudFormation template as a tree in which everything knows its place in the text."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from powertune.errors import UsageError

Node = Any
"""A node of PyYAML: scalar, sequence or mapping. Its marks count characters of the text."""

_TAG = "tag:yaml.org,2002:"
MERGE = "<<"


class Tree:
    """A template, read.

    Args:
        text: the template, YAML or JSON, just as it stands in the file.

    Raises:
        UsageError: it is not one YAML or JSON document with a mapping at its top.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = _composed(text)
        self._uses = Counter(id(node) for node in _walk(self.root))

    def line_of(self, node: Node) -> int:
        """The line that a node begins in, from 1."""
        return int(node.start_mark.line) + 1

    def is_shared(self, node: Node) -> bool:
        """Whether a node stands in several places, through an anchor and its aliases."""
        return self._uses[id(node)] > 1

    def pairs(self, mapping: Node) -> list[tuple[Node, Node]]:
        """The keys and values of a mapping; none of anything else."""
        return list(mapping.value) if is_mapping(mapping) else []

    def child(self, mapping: Node, key: str) -> Node | None:
        """The value of a key; None where it is not there.

        Raises:
            UsageError: it is there more than once.
        """
        found = [pair for pair in self.pairs(mapping) if is_scalar(pair[0]) and pair[0].value == key]
        if len(found) > 1:
            lines = " and ".join(str(self.line_of(pair[0])) for pair in found)
            raise UsageError(
                f"The template has {key} twice, in lines {lines}.", next_step="Remove the one that is not meant."
            )
        return found[0][1] if found else None

    def nodes(self) -> Iterator[Node]:
        """Every node, a shared one each time that it occurs."""
        return _walk(self.root)


def is_scalar(node: Node) -> bool:
    """Whether a node is a single value."""
    return isinstance(node.value, str)


def is_mapping(node: Node | None) -> bool:
    """Whether a node has keys."""
    return node is not None and type(node).__name__ == "MappingNode"


def is_plain(node: Node) -> bool:
    """Whether a node is a single value without a function of CloudFormation's, such as ``!Ref``."""
    return is_scalar(node) and node.tag.startswith(_TAG)


def reference(node: Node) -> str | None:
    """The name that a ``!Ref``, or its long form, refers to; None for anything else."""
    if is_scalar(node):
        return str(node.value) if node.tag == "!Ref" else None
    pairs = node.value if is_mapping(node) else []
    if len(pairs) == 1 and is_scalar(pairs[0][0]) and pairs[0][0].value == "Ref" and is_plain(pairs[0][1]):
        return str(pairs[0][1].value)
    return None


def described(node: Node) -> str:
    """What stands there, in a few words."""
    if not node.tag.startswith(_TAG):
        return str(node.tag)
    if is_mapping(node):
        keys = [str(key.value) for key, _ in node.value if is_scalar(key)]
        return f"a mapping with {', '.join(keys[:3])}" if keys else "an empty mapping"
    return f"'{node.value[:40]}'" if is_scalar(node) else "a list"


def _composed(text: str) -> Node:
    import yaml

    # JSON may be indented with tabs, which YAML does not allow. Raw tabs are in no JSON string, so a blank in place of
    # each keeps every position.
    readable = text.replace("\t", " ") if text.lstrip("\ufeff \t\r\n").startswith("{") else text
    try:
        root = yaml.compose(readable, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}" if mark is not None else ""
        if "single document" in str(error):
            raise UsageError(
                f"The template has a second document{where}; CloudFormation takes one.",
                next_step="Give a file with one template.",
            ) from None
        raise UsageError(
            f"The template cannot be read{where}: {error.problem or error.context}.", next_step="Correct it."
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"The template cannot be read: {error}.", next_step="Correct it.") from None
    if not is_mapping(root):
        raise UsageError("The template is not a mapping.", next_step="Give a SAM or CloudFormation template.")
    return root


def _walk(root: Node) -> Iterator[Node]:
    """Every node; what stands in several places comes each time, but is gone into only once."""
    stack, entered = [root], set()
    while stack:
        node = stack.pop()
        yield node
        if is_scalar(node) or id(node) in entered:
            continue
        entered.add(id(node))
        for item in node.value:
            stack.extend(item if isinstance(item, tuple) else (item,))
