"""Says lines to people in which texts of others may stand: names, records on a function, answers of AWS."""

import click


def say(text: str, *, err: bool = False) -> None:
    """Print a text on the lines that it has, without anything in it that steers a terminal."""
    from powertune.render.safe import lines

    click.echo(lines(text), err=err)
