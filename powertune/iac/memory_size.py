"""Where a SAM or CloudFormation template says a function's memory size, and the text with another one there.

Nothing but the number changes, or one line is added: comments, quotes, order and line ends stay, because the text is
changed and never written anew from what was read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from powertune.errors import UsageError
from powertune.iac.nodes import MERGE, Node, Tree, described, is_mapping, is_plain, is_scalar, reference

_SERVERLESS = "AWS::Serverless::Function"
_TYPES = (_SERVERLESS, "AWS::Lambda::Function")
_NUMBER = re.compile(r"((?:[&!]\S*\s+)*)(['\"]?)([1-9][0-9]{0,8})\2")
_LINE_END = re.compile(r"\r\n|\n|\r")
_REST_OF_LINE = re.compile(r"[ \t]*(#[^\r\n]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the number stands, or is to be put.

    Attributes:
        resource: logical id of the function.
        what: the place in words, for people.
        start, end: the characters that the number takes the place of.
        before, after: what is put around it.
        present_mb: the number that is there; None where there is none.
        note: what a user should know of a change there; empty where nothing.
        allowed: the values that a parameter may have; empty where it names none.
        minimum, maximum: between which it must lie; None where it says nothing.
    """

    resource: str
    what: str
    start: int
    end: int
    before: str = ""
    after: str = ""
    present_mb: int | None = None
    note: str = ""
    allowed: tuple[int, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


def find_place(text: str, function_name: str, *, resource: str | None = None, deployed_as: str | None = None) -> Place:
    """Find where a template says the memory size of a function.

    Args:
        text: the template.
        function_name: the function's name on AWS.
        resource: the logical id that the user names.
        deployed_as: the logical id that the function's tags name.

    Raises:
        UsageError: the template cannot be read, the function is not found in it, or its memory size follows from
            something that is not a number; the text says where.
    """
    tree = Tree(text)
    functions = dict(_functions(tree))
    name = _chosen(tree, functions, function_name, resource, deployed_as)
    properties = tree.child(functions[name], "Properties")
    if properties is None or not is_mapping(properties):
        line = tree.line_of(functions[name])
        raise UsageError(f"{name} has no Properties (line {line}).", next_step="Add MemorySize by hand.")
    _refuse_shared(tree, name, functions[name], properties)
    own = tree.child(properties, "MemorySize")
    if own is not None:
        return _of_value(tree, name, own, f"MemorySize of {name}")
    shared = _global_memory(tree, functions, name)
    if shared is not None:
        return _of_value(tree, name, shared, "MemorySize in Globals")
    return _new_line(tree, name, properties)


def edited(text: str, place: Place, memory_mb: int) -> str:
    """The text with a memory size in a place.

    Raises:
        UsageError: the template itself does not allow that value.
    """
    fits = (
        (not place.allowed or memory_mb in place.allowed)
        and (place.minimum is None or memory_mb >= place.minimum)
        and (place.maximum is None or memory_mb <= place.maximum)
    )
    if not fits:
        raise UsageError(
            f"The template's own rules do not allow {memory_mb} as {place.what}.",
            next_step="Widen AllowedValues, MinValue or MaxValue of the parameter.",
        )
    return f"{text[: place.start]}{place.before}{memory_mb}{place.after}{text[place.end :]}"


def _functions(tree: Tree) -> Iterator[tuple[str, Node]]:
    resources = tree.child(tree.root, "Resources")
    if not is_mapping(resources):
        raise UsageError(
            "The file has no Resources, so it is no SAM or CloudFormation template.", next_step="Give such a template."
        )
    for key, node in tree.pairs(resources):
        kind = tree.child(node, "Type") if is_mapping(node) else None
        if is_scalar(key) and kind is not None and is_scalar(kind) and kind.value in _TYPES:
            tree.child(resources, key.value)  # refuses a resource that is there twice
            yield key.value, node


def _chosen(
    tree: Tree, functions: dict[str, Node], function_name: str, resource: str | None, deployed_as: str | None
) -> str:
    names = ", ".join(functions) or "none"
    if resource is not None:
        if resource not in functions:
            raise UsageError(
                f"The template has no function {resource}; it has: {names}.", next_step="Correct --template-resource."
            )
        return resource
    if deployed_as in functions:
        return str(deployed_as)
    told = {name: _literal_name(tree, node) for name, node in functions.items()}
    named = [name for name, literal in told.items() if literal == function_name]
    if len(named) == 1:
        return named[0]
    if deployed_as is not None:
        raise UsageError(
            f"{function_name} was deployed as the resource {deployed_as}, which this template does not have; its "
            f"functions are: {names}.",
            next_step="Give the template that it is deployed from, or name the resource with --template-resource.",
        )
    if len(functions) == 1 and not named:
        (only,) = functions
        if told[only] is None:
            return only
        raise UsageError(
            f"The template's only function, {only}, has the name {told[only]}, not {function_name}.",
            next_step=f"Give the template of {function_name}, or add --template-resource {only}.",
        )
    raise UsageError(
        f"Which function of the template is {function_name} cannot be told; it has: {names}.",
        next_step="Name it with --template-resource.",
    )


def _literal_name(tree: Tree, node: Node) -> str | None:
    name = tree.child(tree.child(node, "Properties"), "FunctionName")
    return str(name.value) if name is not None and is_plain(name) else None


def _refuse_shared(tree: Tree, name: str, resource: Node, properties: Node) -> None:
    _refuse_anchor(tree, resource, name)
    _refuse_anchor(tree, properties, f"What {name} has as Properties")
    for key, _ in tree.pairs(properties):
        if is_scalar(key) and (key.value == MERGE or key.value.startswith("Fn::")):
            raise UsageError(
                f"Some properties of {name} come from {key.value} (line {tree.line_of(key)}), and MemorySize may be "
                "among them.",
                next_step="Set MemorySize by hand.",
            )


def _global_memory(tree: Tree, functions: dict[str, Node], name: str) -> Node | None:
    """MemorySize of SAM's Globals, where no other function takes it from there: it would change as well."""
    everywhere = tree.child(tree.root, "Globals")
    function = tree.child(everywhere, "Function")
    shared = tree.child(function, "MemorySize")
    if shared is None or tree.is_shared(everywhere) or tree.is_shared(function):
        return None
    takers = [
        one
        for one, node in functions.items()
        if tree.child(node, "Type").value == _SERVERLESS  # type: ignore[union-attr]
        and tree.child(tree.child(node, "Properties"), "MemorySize") is None
    ]
    return shared if takers == [name] else None


def _of_value(tree: Tree, name: str, node: Node, what: str) -> Place:
    parameter = reference(node)
    if parameter is not None:
        return _of_parameter(tree, name, parameter, f"{what} (line {tree.line_of(node)})")
    return _of_number(tree, name, node, f"{what} (line {tree.line_of(node)})")


def _of_number(tree: Tree, name: str, node: Node, what: str, **more: Any) -> Place:
    _refuse_anchor(tree, node, what)
    match = None
    if is_plain(node):
        match = _NUMBER.fullmatch(tree.text, node.start_mark.index, node.end_mark.index)
    if match is None:
        raise UsageError(f"{what} is {described(node)}, not a number.", next_step="Change it by hand.")
    return Place(resource=name, what=what, start=match.start(3), end=match.end(3), present_mb=int(match[3]), **more)


def _of_parameter(tree: Tree, name: str, parameter: str, taker: str) -> Place:
    node = tree.child(tree.child(tree.root, "Parameters"), parameter)
    if node is None or not is_mapping(node):
        raise UsageError(
            f"{taker} refers to {parameter}, which is no parameter of the template.", next_step="Change it by hand."
        )
    _refuse_anchor(tree, node, f"The parameter {parameter}")
    default = tree.child(node, "Default")
    if default is None:
        raise UsageError(
            f"{taker} is the parameter {parameter}, which has no Default: its value is given when the stack is "
            "deployed.",
            next_step="Change it there.",
        )
    in_texts = f"${{{parameter}}}"
    if sum(reference(one) == parameter or (is_scalar(one) and in_texts in one.value) for one in tree.nodes()) > 1:
        raise UsageError(
            f"{taker} is the parameter {parameter}, which other places of the template use too.",
            next_step="Give the function a parameter or a number of its own by hand.",
        )
    what = f"Default of the parameter {parameter} (line {tree.line_of(default)})"
    return _of_number(
        tree,
        name,
        default,
        what,
        note=f"{taker} is that parameter. A stack that is there keeps its present value unless the new one is "
        "passed when it is deployed.",
        allowed=tuple(_whole_numbers(tree.child(node, "AllowedValues"))),
        minimum=_whole_number(tree.child(node, "MinValue")),
        maximum=_whole_number(tree.child(node, "MaxValue")),
    )


def _refuse_anchor(tree: Tree, node: Node, what: str) -> None:
    if tree.is_shared(node):
        raise UsageError(
            f"{what} is shared with another place through an anchor (line {tree.line_of(node)}).",
            next_step="Give the function its own MemorySize by hand.",
        )


def _whole_number(node: Node | None) -> int | None:
    return int(node.value) if node is not None and is_plain(node) and re.fullmatch("[0-9]{1,9}", node.value) else None


def _whole_numbers(node: Node | None) -> Iterator[int]:
    if node is None or is_scalar(node) or is_mapping(node):
        return
    for item in node.value:
        number = _whole_number(item)
        if number is not None:
            yield number


def _new_line(tree: Tree, name: str, properties: Node) -> Place:
    """Where MemorySize can be added to a function's properties."""
    what = f"a new MemorySize of {name} (line {tree.line_of(properties)})"
    pairs = tree.pairs(properties)
    if properties.flow_style and pairs:
        # After the brace, with what stands between it and the first key.
        key, _ = pairs[0]
        start = properties.start_mark.index
        brace = tree.text.index("{", start, key.start_mark.index) + 1
        space = tree.text[brace : key.start_mark.index]
        if not space.strip():
            quote = tree.text[key.start_mark.index] if tree.text[key.start_mark.index] in "'\"" else ""
            before, after = f"{space}{quote}MemorySize{quote}: ", "," if space else ", "
            return Place(resource=name, what=what, start=brace, end=brace, before=before, after=after)
    elif not properties.flow_style:
        for key, value in pairs:
            place = _after(tree, name, what, key, value)
            if place is not None:
                return place
        for key, _ in pairs:
            indent = _indent(tree.text, key)
            if indent is not None:
                at = key.start_mark.index - len(indent)
                end = _line_end(tree.text)
                return Place(resource=name, what=what, start=at, end=at, before=f"{indent}MemorySize: ", after=end)
    raise UsageError(
        f"The properties of {name} (line {tree.line_of(properties)}) are written in a way that no line can be "
        "added to.",
        next_step="Add MemorySize by hand.",
    )


def _after(tree: Tree, name: str, what: str, key: Node, value: Node) -> Place | None:
    """The place after a property that takes up just one line; None where this one does not."""
    text, indent = tree.text, _indent(tree.text, key)
    if indent is None or not is_scalar(value) or value.start_mark.line != key.start_mark.line:
        return None
    if value.end_mark.line != key.start_mark.line:
        return None
    rest = _REST_OF_LINE.match(text, value.end_mark.index)
    assert rest is not None
    newline = _LINE_END.match(text, rest.end())
    if newline is not None:
        before, after = f"{indent}MemorySize: ", newline[0]
        return Place(resource=name, what=what, start=newline.end(), end=newline.end(), before=before, after=after)
    if rest.end() == len(text):
        before = f"{_line_end(text)}{indent}MemorySize: "
        return Place(resource=name, what=what, start=len(text), end=len(text), before=before)
    return None


def _indent(text: str, key: Node) -> str | None:
    """The blanks before a key that begins its line; None where something else stands before it."""
    indent = text[key.start_mark.index - key.start_mark.column : key.start_mark.index]
    return indent if not indent.strip(" ") else None


def _line_end(text: str) -> str:
    found = _LINE_END.search(text)
    return found[0] if found else "\n"
