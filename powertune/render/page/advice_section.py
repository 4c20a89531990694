"""The section of the report on what to look at next."""

from powertune.domain.result import TuningResult
from powertune.render.markup import Markup, together
from powertune.render.page.advice import advice
from powertune.render.safe import escape


def advice_section(result: TuningResult) -> Markup:
    """The section on what to look at next; nothing where the data support no advice."""
    found = advice(result)
    if not found:
        return ""
    items = "".join(
        f'<li><p>{together(one.found)}</p><p class="do">{together(one.then)}</p>'
        + (f"<p><code>{_command(one.command)}</code></p>" if one.command is not None else "")
        + "</li>"
        for one in found
    )
    lead = "Each follows from figures of this run. None of it changes the recommendation."
    if any(one.command is not None and one.command.startswith("powertune run") for one in found):
        lead += " A run needs what this one was given besides, such as its event."
    return (
        '<section aria-labelledby="advice"><h2 id="advice">What to look at next</h2>'
        f'<p class="lead">{lead}</p><ul class="advice">{items}</ul></section>'
    )


def _command(command: str) -> Markup:
    """A command that breaks between its words and not within an option."""
    words = (
        f'<span class="together">{escape(word)}</span>' if word[0] == "-" else escape(word) for word in command.split()
    )
    return f"<bdi>{' '.join(words)}</bdi>"
