"""The answer in one sentence, and what else is said in sentences of its own."""

from powertune.domain.canary import CanaryReport
from powertune.domain.result import Change, SizeResult, SizeStatus, TuningResult
from powertune.render import figures, means, monthly
from powertune.render.certainty import knows_best, misses_target, stays
from powertune.render.checks import words as check_words
from powertune.render.compared import Compared, compared_by, is_measured
from powertune.render.untaken import untaken


def answer(result: TuningResult) -> str:
    """What to do, in one sentence of plain text; on which instruction set, where that is not the function's own.

    Of a check it is what the check found.
    """
    if result.check is not None:
        return check_words.answer(result)
    function, best, said = result.function, result.recommendation, _answer(result)
    if function.own_architecture is None:
        return said
    if best is None or result.request.dry_run or misses_target(result) is not None:
        return f"On {function.architecture} in place of {function.own_architecture}: {said[:1].lower()}{said[1:]}"
    by, use = compared_by(result), f"Use {figures.memory(best.memory_mb)} on {function.architecture}"
    if best.change is None:
        return f"{use} in place of {function.own_architecture}{by.purpose}: {_expected(result, by)}."
    now = f"{figures.memory(best.change.from_memory_mb)} on {function.own_architecture}"
    return f"{use} instead of {now}{by.purpose}: {_in_words(result, best.change)}."


def _answer(result: TuningResult) -> str:
    best, by = result.recommendation, compared_by(result)
    measured = [size for size in result.memory_sizes if is_measured(result, size)]
    if result.request.dry_run:
        worked, planned = figures.count(len(measured)), len(result.memory_sizes)
        if planned == 1:
            did = "works" if measured else "does not work"
            return f"A dry run: the function {did} at {figures.memory(result.memory_sizes[0].memory_mb)}."
        return f"A dry run: the function worked at {worked} of {figures.plural(planned, 'memory size')}."
    if best is None:
        if measured:
            return "No memory size can be recommended."
        return "No memory size could be measured."
    present_mb = result.function.original_memory_mb
    missed = misses_target(result)
    if missed is not None:
        return f"{missed} It takes {_expected(result, by)} in the mean."
    if best.memory_mb == present_mb:
        if len(measured) == 1:
            return f"{figures.memory(present_mb)} is the only size that was measured: {_expected(result, by)}."
        if stays(result):
            keep = f"Keep {figures.memory(present_mb)}{by.purpose}: {_expected(result, by)}"
            return f"{keep}; the better mean elsewhere may be chance."
        if not knows_best(result):
            keep = f"Keep {figures.memory(present_mb)}{by.purpose}: {_expected(result, by)}"
            return f"{keep}; the search holds no other size for better, but is not sure."
        return f"{figures.memory(present_mb)} is already the best size{by.purpose}: {_expected(result, by)}."
    if best.change is None:
        return (
            f"Use {figures.memory(best.memory_mb)}{by.purpose}: {_expected(result, by)} "
            f"(the present {figures.memory(present_mb)} {_why_not(present_size(result))})."
        )
    saved = monthly.saving_words(result)
    return (
        f"Use {figures.memory(best.memory_mb)} instead of {figures.memory(best.change.from_memory_mb)}{by.purpose}: "
        f"{_in_words(result, best.change)}{'; ' if saved else ''}{saved}."
    )


def reasons(result: TuningResult) -> tuple[str, ...]:
    """Why the recommended size is recommended, as far as the answer itself does not say it."""
    best, said = result.recommendation, _answer(result)
    if best is None:
        return ()
    return (*(reason for reason in best.reasons if reason not in said), *untaken(result))


def applied(result: TuningResult) -> str:
    """That the recommended size was set, where the run did so, and how a canary went; empty where neither was."""
    done = result.applied
    if done is None:
        return _rolled_back(result.canary) if result.canary is not None else ""
    verb = "keeps" if done.memory_mb == result.function.original_memory_mb else "was set to"
    text = f"The function {verb} {figures.memory(done.memory_mb)}"
    parts = [f"version {done.version} was published with it"] if done.version is not None else []
    parts += [f"the alias {done.alias} points at it"] if done.alias is not None else []
    trial = "" if result.canary is None else f" Its canary passed: {result.canary.reason}."
    return f"{text}{'; ' if parts else ''}{' and '.join(parts)}.{trial}"


def _rolled_back(canary: CanaryReport) -> str:
    minutes = figures.plural(canary.watched_s // 60, "minute")
    return (
        f"The canary of version {canary.new_version} on {100 * canary.share:g} % of the invocations of {canary.alias} "
        f"ended after {minutes}, and was undone: {canary.reason}."
    )


def not_restored(result: TuningResult) -> str:
    """That something of the run is left on the function; empty where nothing is."""
    if result.restored:
        return ""
    if result.applied is not None:
        return "The rest of what this run changed on the function was NOT put back."
    return f"The function was NOT put back to {figures.memory(result.function.original_memory_mb)}."


def present_word(result: TuningResult) -> str:
    """What the size that the function had is called: no longer present where another was set."""
    done = result.applied
    return "former" if done is not None and done.memory_mb != result.function.original_memory_mb else "present"


def _in_words(result: TuningResult, change: Change) -> str:
    """What changes, without a figure that chance alone may have made, and which way it surely does.

    The certainty is of the direction: means are told apart at 95 % (their intervals, or the draws of a search). A share
    of means that have no intervals is called "about".
    """
    about = "" if _has_intervals(result, change) else "about "
    duration = "about as fast" if change.duration_within_noise else figures.faster(change.duration)
    cost = "at about the same cost" if change.cost_within_noise else figures.cheaper(change.cost)
    ways = [
        said.split(" % ")[1]
        for said, noisy in ((duration, change.duration_within_noise), (cost, change.cost_within_noise))
        if not noisy and " % " in said
    ]
    shares = [f"{about}{said}" if said[0].isdigit() else said for said in (duration, cost)]
    sure = f", 95 % sure to be {'both' if len(ways) == 2 else ways[0]}" if ways else ""
    return f"{', '.join(shares)}{sure}"


def _has_intervals(result: TuningResult, change: Change) -> bool:
    """Whether both means of a change have one, as far as they are in the result."""
    ends = [size_before(result), means.size_at(result.memory_sizes, change.to_memory_mb)]
    found = [compared_by(result).duration(size) for size in ends if size is not None]
    return len(found) == 2 and all(one is not None and one.mean_interval is not None for one in found)


def is_present(result: TuningResult, memory_mb: int) -> bool:
    """Whether the function had this size before the run: of another instruction set than its own it has none."""
    return memory_mb == result.function.original_memory_mb and result.function.own_architecture is None


def present_size(result: TuningResult) -> SizeResult | None:
    """The memory size that the function had before the run, None where the run did not include it."""
    return next((size for size in result.memory_sizes if is_present(result, size.memory_mb)), None)


def size_before(result: TuningResult) -> SizeResult | None:
    """What was measured of the function as it was: its own size on its own instruction set; None for nothing."""
    own = result.function.own_architecture
    sizes = next((one.memory_sizes for one in result.architectures if one.architecture is own), ())
    return means.size_at(result.memory_sizes if own is None else sizes, result.function.original_memory_mb)


def is_listed(result: TuningResult) -> bool:
    """Whether the prices are AWS's list prices, and not ones that the user gave."""
    return result.price.as_of[:1].isdigit()


def prices_of(result: TuningResult) -> str:
    """What the costs follow from, as it stands in a sentence."""
    return f"AWS list prices for {result.price.region}" if is_listed(result) else "the prices given with --price"


def where(result: TuningResult) -> str:
    """What a reader must know about a run that did not happen on AWS; empty for one that did."""
    environment = result.environment
    if environment.kind == "aws":
        return ""
    limits = [environment.cpu_method] if environment.cpu_method else []
    if environment.cores is not None:
        limits.append("1 core" if environment.cores == 1 else f"{figures.count(environment.cores)} cores")
    return (
        "Measured on the embedded endpoint on one machine, not on AWS: nothing was billed, and costs are "
        f"{prices_of(result)} applied to local durations." + (f" CPU share: {', '.join(limits)}." if limits else "")
    )


def _expected(result: TuningResult, by: Compared) -> str:
    return f"{means.best_duration(result)} and {means.best_cost(result)} {by.per_million}"


def _why_not(size: SizeResult | None) -> str:
    return "failed" if size is not None and size.status is SizeStatus.FAILED else "was not measured"
