"""Regular expressions of the query language, which are Java's, as Python's.

What the two read differently is refused rather than answered differently.
"""

import re

from powertune.local.insights.errors import MalformedQuery

_LEADING_FLAGS = re.compile(r"(?:\(\?[ims]+\))*")
_FLAGS = re.compile(r"\(\?([ims]+)\)")
_SET_OPERATORS = ("&&", "--", "~~", "||", "[")
_OTHER_MEANING = ("\\Z", "\\v")


def compile_regex(text: str, position: int) -> re.Pattern[str]:
    """Compile the text between the slashes.

    Raises:
        MalformedQuery: it is invalid, or Python would read it differently.
    """
    translated = _translated(text, position)
    try:
        return re.compile(translated, re.ASCII)
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        raise _invalid(str(error), position) from None


def _translated(text: str, position: int) -> str:
    match = _LEADING_FLAGS.match(text)
    at = match.end() if match else 0
    leading = "".join(sorted(set(text[:at]) & set("ims")))
    parts = [f"(?{leading})" if leading else ""]
    scopes = [0]  # for each open group, how many scopes of flags end with it
    while at < len(text):
        flags = _FLAGS.match(text, at)
        step = 1
        if text[at] == "\\":
            step = 2
            if text.startswith(_OTHER_MEANING, at):
                raise _invalid(f"{text[at : at + 2]} is not supported", position)
        elif text[at] == "[":
            step = _end_of_class(text, at, position) - at
        elif flags is not None:
            # Java lets a flag hold from where it stands to the end of the group; Python wants a scope.
            parts.append(f"(?{flags[1]}:")
            scopes[-1] += 1
            at = flags.end()
            continue
        elif text.startswith("(?P", at):
            raise _invalid("a named group is written (?<name>…)", position)
        elif text[at] == "(":
            scopes.append(0)
            if text.startswith("(?<", at) and text[at + 3 : at + 4] not in ("=", "!"):
                parts.append("(?P<")
                at += 3
                continue
        elif text[at] == ")":
            parts.append(")" * (scopes.pop() if len(scopes) > 1 else 0))
        elif text[at] == "|" and scopes[-1]:
            raise _invalid("a flag before an alternative stands at the start of the pattern", position)
        parts.append(text[at : at + step])
        at += step
    return "".join(parts) + ")" * scopes[0]


def _end_of_class(text: str, start: int, position: int) -> int:
    at = start + 1
    if text.startswith("^", at):
        at += 1
    if text.startswith("]", at):
        raise _invalid("a ] that begins a set is written \\]", position)
    while at < len(text) and text[at] != "]":
        if text.startswith(_SET_OPERATORS, at):
            raise _invalid("sets within sets are not supported", position)
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise _invalid("a set is not closed", position)
    return at + 1


def _invalid(why: str, position: int) -> MalformedQuery:
    return MalformedQuery(f"the regular expression is invalid: {why}", position)
