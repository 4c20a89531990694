"""Whether another memory size would be better now: a tuning that follows a check."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from powertune.cli.check_following import noted, report_of
from powertune.cli.run_drive import Place, drive, new_run_id
from powertune.cli.run_writing import written_to
from powertune.cli.saying import say
from powertune.domain.request import SEARCHED_MEMORY_SIZES_MB, TuningRequest
from powertune.domain.result import Optimum, TuningResult
from powertune.domain.search import Limits, SearchKind
from powertune.errors import AwsError, FunctionFails, PowertuneError, UsageError


def retuned(
    result: TuningResult, place: Place, request: TuningRequest, output_dir: Path
) -> tuple[TuningResult, PowertuneError | None]:
    """The result with the optimum that a tuning finds, or with a note that says why there is none.

    Args:
        result: of the check.
        place: where it took place.
        request: of the check.
        output_dir: the tuning's own files go to a folder of it.

    Returns:
        The result; and how the command must end where the tuning was stopped, or could not put the function back.
    """
    why = _why_not(result, place, request)
    if why:
        return noted(result, f"The best memory size was not looked for: {why}."), None
    try:
        tuning = drive(place, _tuning_request(request, result), new_run_id())
    except (AwsError, FunctionFails, UsageError) as error:
        return noted(result, f"The best memory size was not found: {error.message}"), None
    except PowertuneError as error:  # stopped, or not put back
        return noted(result, "The best memory size was not found."), error
    folder = output_dir / tuning.run_id
    if written_to(folder, tuning):
        say(f"The tuning that followed is in {folder}.", err=True)
    return _with_optimum(result, tuning), None


def _why_not(result: TuningResult, place: Place, request: TuningRequest) -> str:
    """Why there is no tuning; empty where there is one."""
    from powertune.aws.errors import explained
    from powertune.target.snapshot import architecture_of_configuration

    check, arn = report_of(result), request.function_arn
    if check.fails:
        return "the check fails"
    most = request.limits.max_spend
    if most is not None and most <= result.spend.lambda_cost.amount:
        return "the check has spent what may be spent"
    try:
        with explained("reading the configuration", arn.name):
            latest = place.session.client("lambda").get_function_configuration(FunctionName=str(arn))
    except AwsError as error:
        return error.message.rstrip(".")
    found = (latest.get("CodeSha256"), latest.get("MemorySize"), architecture_of_configuration(latest))
    of = check.subject
    if found != (of.code_sha256, of.memory_mb, of.architecture):
        return (
            f"a tuning measures {arn.name} as it stands now, with {latest.get('MemorySize')} MB and the code "
            f"{str(latest.get('CodeSha256'))[:8]}, and what was checked is another: {of.memory_mb} MB, code "
            f"{of.code_sha256[:8]}"
        )
    return ""


def _tuning_request(request: TuningRequest, result: TuningResult) -> TuningRequest:
    most = request.limits.max_spend
    left = None if most is None else most - result.spend.lambda_cost.amount
    return TuningRequest(
        function_arn=request.function_arn,
        search=SearchKind.ADAPTIVE,
        memory_sizes_mb=SEARCHED_MEMORY_SIZES_MB,
        payloads=request.payloads,
        payload_s3=request.payload_s3,
        payload_form=request.payload_form,
        sleep_ms=request.sleep_ms,
        pre_processor_arn=request.pre_processor_arn,
        post_processor_arn=request.post_processor_arn,
        allowed_exceptions=request.allowed_exceptions,
        role=request.role,
        limits=Limits(max_spend=left),
        price=request.price,
        include_payload=request.include_payload,
        seed=request.seed,
    )


def _with_optimum(result: TuningResult, tuning: TuningResult) -> TuningResult:
    from powertune.decide.gain import is_gain

    found, present_mb = tuning.recommendation, report_of(result).subject.memory_mb
    if found is None:
        notes: tuple[str, ...] = () if tuning.search is None else tuning.search.notes
        why = " ".join(notes) or "no memory size was measured often enough."
        return noted(result, f"The best memory size was not found: {why}")
    change = found.change
    known: dict[str, Any] = {
        "cost_change": None if change is None else change.cost,
        "duration_change": None if change is None else change.duration,
    }
    moved = change is not None and found.memory_mb != present_mb and is_gain(change, tuning.request)
    optimum = Optimum(
        run_id=tuning.run_id,
        from_memory_mb=present_mb,
        to_memory_mb=found.memory_mb,
        moved=moved,
        expected_cost_per_million=found.expected_cost_per_million,
        **known,
    )
    return replace(result, check=replace(report_of(result), optimum=optimum))
