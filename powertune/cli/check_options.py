"""The options of ``powertune check`` that say what is compared and by which measure."""

import re
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import click

from powertune.cli.baseline_place import DEFAULT, place_option
from powertune.cli.given_events import payload_arguments
from powertune.cli.run_options import some_options
from powertune.cli.search_options import amount, max_spend_option
from powertune.domain.check import DEFAULT_INVOCATIONS, DEFAULT_PARALLEL, LATEST, CheckRequest, CheckSettings, Metric
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.request_checks import CONFIDENCES, ERRORS_THRESHOLDS, THRESHOLDS, check_settings
from powertune.domain.search import Limits
from powertune.errors import UsageError
from powertune.render.safe import one_line

Command = Callable[..., Any]

_SHARE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,9})?|\.[0-9]{1,9}) ?(%?)")
_USUAL = {"--threshold": "5%", "--errors-threshold": "1%", "--confidence": "99%"}
_QUALIFIED = re.compile(r"(?P<function>.*:function:[^:]+):(?P<qualifier>[^:]+)", re.DOTALL)

LOCAL_INVOCATIONS = 100
LOCAL_PARALLEL = 4
"""By default on this machine, of which all environments share the cores."""

_MEASURE = (
    click.option(
        "--threshold",
        default="5%",
        show_default=True,
        metavar="SHARE",
        help="A metric is worse where it surely grew by more than this.",
    ),
    click.option(
        "--errors-threshold",
        default="1%",
        show_default=True,
        metavar="SHARE",
        help="The same for the share of invocations that fail, in percentage points.",
    ),
    click.option(
        "--confidence",
        default="99%",
        show_default=True,
        metavar="SHARE",
        help="How sure a check must be, of all metrics together: of a hundred checks of a function that is not worse, "
        "at most one says worse at 99 %.",
    ),
    click.option(
        "--metrics",
        metavar="NAME,NAME,…",
        help=f"What is compared: {', '.join(Metric)}. All by default.",
    ),
    click.option(
        "--on-undecided",
        type=click.Choice(["pass", "fail"]),
        default="pass",
        show_default=True,
        help="Whether a check that could not decide within its limits ends like one that found the function worse.",
    ),
)
_COMPARED = (
    click.option(
        "--qualifier",
        metavar="ALIAS|VERSION",
        help="What to check: an alias or a version; the function as it stands, $LATEST, by default.",
    ),
    click.option(
        "--against",
        metavar="ALIAS|VERSION",
        help="Compare with this version instead of a baseline: both are invoked in turns, in the same run.",
    ),
    place_option(
        "--baseline",
        default=None,
        help_=f"Where the baseline lies: a folder, a .json file (a baseline, or a result.json), s3://BUCKET/PREFIX, or "
        f"stack for the bucket of the state machine; {DEFAULT} by default. The checks are kept there too.",
    ),
    click.option(
        "--no-interleave",
        is_flag=True,
        help="Compare with what the baseline holds, even where its version still exists and could be measured anew.",
    ),
    click.option("--require-baseline", is_flag=True, help="Fail where there is no baseline, in place of setting one."),
    click.option(
        "--set-baseline", is_flag=True, help="Make what was measured the baseline, unless it is worse or undecided."
    ),
    click.option(
        "--compare-unlike",
        is_flag=True,
        help="Compare with a baseline of another instruction set, payload or environment all the same.",
    ),
)
_SPENT = (
    click.option(
        "--max-invocations",
        type=int,
        metavar="N",
        help="Warm invocations of each version after which a check ends, undecided if need be; "
        f"{DEFAULT_INVOCATIONS} by default, {LOCAL_INVOCATIONS} with --local.",
    ),
    max_spend_option,
    click.option(
        "--parallel",
        type=int,
        metavar="N",
        help="Invocations of each version at the same time, each in an environment of its own; "
        f"{DEFAULT_PARALLEL} by default, {LOCAL_PARALLEL} with --local.",
    ),
    click.option(
        "--cold-starts",
        type=int,
        default=0,
        show_default=True,
        metavar="N",
        help="Cold starts to measure of each version, beside those that come by themselves.",
    ),
    some_options(
        *("payload", "payloads", "payload_s3", "sleep_ms", "pre_processor", "post_processor", "allow_exception"),
        *("price", "include_payload", "seed"),
    ),
)
_AFTERWARDS = (
    click.option(
        "--retune",
        is_flag=True,
        help="After a check that does not fail: tune the function, and say whether another memory size is better now.",
    ),
    click.option("--trend", is_flag=True, help="Look at the last checks too, for what no single one of them can see."),
    click.option(
        "--fail-on-trend", is_flag=True, help="Fail where a figure has grown since the baseline was set; with --trend."
    ),
    click.option(
        "--wait", metavar="TIME", help="Where another run holds the function: wait so long for its end, as in 10m."
    ),
)
_FILES = (
    click.option("--junit", metavar="FILE", help="Write JUnit XML too, a test case for each metric, however it ends."),
    click.option(
        "--markdown",
        metavar="FILE",
        help="Write a summary in Markdown too; it is added to the file that GITHUB_STEP_SUMMARY names.",
    ),
)

ONLY_MEASURED = (
    *("function_arn", "local_spec", "against", "no_interleave", "require_baseline", "set_baseline", "max_invocations"),
    *("max_spend", "parallel", "cold_starts", "payload", "payloads", "payload_s3", "sleep_ms", "pre_processor"),
    *("post_processor", "allow_exception", "price", "include_payload", "seed", "retune", "trend", "fail_on_trend"),
    *("wait", "direct", "region", "profile", "role_arn", "external_id", "role_session_name", "stack_region", "python"),
    "keep_runs",
)
"""Options that mean nothing where nothing is measured."""


def check_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed((*_COMPARED, *_MEASURE, *_SPENT, *_AFTERWARDS, *_FILES)):
        command = option(command)
    return command


def share(text: str, option: str, low: float = 0.0, high: float = 1.0) -> float:
    """A share as an option gives it: ``5%`` or ``0.05``.

    Args:
        text: what was given.
        option: to what.
        low: the least that it may be.
        high: the most.

    Raises:
        UsageError: it is none, a number that may be meant in percent, or outside.
    """
    match = _SHARE.fullmatch(text.strip())
    usual = _USUAL.get(option, "5%")
    if match is None:
        what = "is below zero" if _SHARE.fullmatch(text.strip().removeprefix("-")) else "is no share"
        raise UsageError(
            f"'{one_line(text, 40)}' {what}: {option} is a share from {_percent(low)} to {_percent(high)}.",
            next_step=f"Write it as {usual} or as {float(_decimal(usual)):g}.",
        )
    value = Decimal(match[1]) / (100 if match[2] else 1)
    if not match[2] and value >= 1:
        meant = f"{match[1]}%"
        as_number = f" or as {float(_decimal(meant)):g}" if _decimal(meant) < 1 else ""
        raise UsageError(f"{option} {match[1]} may be meant in percent.", next_step=f"Write it as {meant}{as_number}.")
    if not low <= float(value) <= high:
        raise UsageError(
            f"{option} is {text.strip()}; it must lie between {_percent(low)} and {_percent(high)}.",
            next_step=f"The usual one is {usual}.",
        )
    return float(value)


def _decimal(percent: str) -> Decimal:
    return Decimal(percent.rstrip("%")) / 100


def _percent(value: float) -> str:
    return f"{value * 100:g}%"


def settings_of(options: dict[str, Any]) -> CheckSettings:
    """By which measure the options say that a function is worse.

    Raises:
        UsageError: they cannot be meant.
    """
    settings = CheckSettings(
        threshold=share(options["threshold"], "--threshold", *THRESHOLDS),
        errors_threshold=share(options["errors_threshold"], "--errors-threshold", *ERRORS_THRESHOLDS),
        confidence=share(options["confidence"], "--confidence", *CONFIDENCES),
        max_invocations=_unless_given(options, "max_invocations", DEFAULT_INVOCATIONS, LOCAL_INVOCATIONS),
        metrics=tuple(Metric) if options["metrics"] is None else _metrics(options["metrics"]),
        undecided_fails=options["on_undecided"] == "fail",
    )
    check_settings(settings)
    return settings


def _unless_given(options: dict[str, Any], name: str, usual: int, local: int) -> int:
    given: int | None = options[name]
    if given is not None:
        return given
    return usual if options["local_spec"] is None else local


def _metrics(text: str) -> tuple[Metric, ...]:
    known = {one.value: one for one in Metric}
    names = [part.strip() for part in text.split(",")]
    for name in names:
        if name not in known:
            raise UsageError(f"'{name}' is no metric.", next_step=f"There are: {', '.join(known)}.")
    return tuple(one for one in Metric if one in names)


def split_arn(text: str, qualifier: str | None) -> tuple[FunctionArn, str | None]:
    """The function that an ARN names, and the alias or version that the ARN or an option does; None for ``$LATEST``.

    Raises:
        UsageError: it is no function's ARN, or both name one, and not the same.
    """
    match = _QUALIFIED.fullmatch(text.strip())
    arn = FunctionArn.parse(text if match is None else match["function"])
    own = None if match is None else match["qualifier"]
    if None not in (own, qualifier) and own != qualifier:
        raise UsageError(f"The ARN names '{own}', and --qualifier '{qualifier}'.", next_step="Leave one of them out.")
    wanted = qualifier if own is None else own
    if wanted is not None and wanted.isdecimal() and wanted.startswith("0"):
        number = wanted.lstrip("0")
        raise UsageError(
            f"'{wanted}' is no version's number.", next_step=f"Give {number}." if number else "The first one is 1."
        )
    return arn, None if wanted == LATEST else wanted


def check_request(arn: FunctionArn, options: dict[str, Any], *, default_payload: str | None = None) -> TuningRequest:
    """The request that the options make, without the baseline, which is read once it is known where from.

    ``options`` has the qualifier as `split_arn` gives it.

    Raises:
        UsageError: it cannot be meant.
    """
    settings = settings_of(options)
    spend = options["max_spend"]
    return TuningRequest(
        function_arn=arn,
        # So many turns of the payloads are made ready.
        invocations=settings.max_invocations,
        **payload_arguments(options, default_payload),
        parallel=_unless_given(options, "parallel", DEFAULT_PARALLEL, LOCAL_PARALLEL),
        sleep_ms=options["sleep_ms"],
        cold_starts=options["cold_starts"],
        pre_processor_arn=options["pre_processor"],
        post_processor_arn=options["post_processor"],
        allowed_exceptions=tuple(options["allow_exception"]),
        limits=Limits(max_spend=None if spend is None else amount(spend, "--max-spend")),
        include_payload=options["include_payload"],
        check=CheckRequest(
            settings=settings,
            qualifier=options["qualifier"],
            against=options["against"],
            interleave=not options["no_interleave"],
            allow_unlike=options["compare_unlike"],
        ),
        seed=secrets.randbits(32) if options["seed"] is None else options["seed"],
    )
