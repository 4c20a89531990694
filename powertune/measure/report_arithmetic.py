"""Whether the numbers of one REPORT record fit together. Pure.

Billed duration is duration plus init, rounded up to whole milliseconds (init is billed since 2025-08-01: AWS Compute
Blog, "AWS Lambda standardizes billing for INIT Phase"). After a SnapStart restore it is the duration, rounded up, plus
the billed restore: no page says so, but the published log lines of this kind fit it (127.10 + 26 = 154,
159.87 + 118 = 278, 306.34 + 303 = 610, 147.156 + 53 = 201). Nothing is ever corrected here.
"""

_ROUNDING_US = 10  # durations are printed with two decimals: their sum may be off by a hundredth of a millisecond


def misfit(
    duration_ms: float | None,
    billed_ms: int | None,
    init_ms: float | None = None,
    restore_ms: float | None = None,
    billed_restore_ms: int | None = None,
    status: str | None = None,
) -> str | None:
    """In a few words, where a record's billed duration does not follow from its parts.

    None where it does, and where a part is missing, so that nobody can tell.
    """
    if duration_ms is None or billed_ms is None or (restore_ms is not None and billed_restore_ms is None):
        return None
    rest_ms = billed_ms - (billed_restore_ms or 0)
    sum_ms = duration_ms if init_ms is None else duration_ms + init_ms
    if _is_rounded_up(sum_ms, rest_ms) or (status == "timeout" and _is_limit(duration_ms, rest_ms)):
        return None
    if init_ms is not None and _is_rounded_up(duration_ms, rest_ms):
        return (
            f"billed {billed_ms} ms is the duration alone, without the init of {init_ms:.2f} ms, as before August 2025"
        )
    if billed_restore_ms is not None:
        parts = "duration" if init_ms is None else "duration and init"
        sums = f"{sum_ms:.2f} ms and {billed_restore_ms} ms"
        return f"billed {billed_ms} ms, but {parts} and billed restore come to {sums}"
    if init_ms is not None:
        return f"billed {billed_ms} ms, but duration and init come to {sum_ms:.2f} ms"
    return f"billed {billed_ms} ms, but the duration is {duration_ms:.2f} ms"


def _is_rounded_up(sum_ms: float, whole_ms: int) -> bool:
    """Whether ``whole_ms`` can be the sum rounded up; less than a millisecond is billed as one."""
    microseconds = round(sum_ms * 1000)
    lowest_ms = -(-(microseconds - _ROUNDING_US) // 1000)
    highest_ms = -(-(microseconds + _ROUNDING_US) // 1000)
    return max(lowest_ms, 1) <= whole_ms <= max(highest_ms, 1)


def _is_limit(duration_ms: float, whole_ms: int) -> bool:
    """Whether ``whole_ms`` can be the limit of an invocation that timed out.

    The limit is in whole seconds. Older lines print a duration that is a little above it, and bill the limit; whether
    the init of such an invocation is billed is not documented, so both are let pass.
    """
    return _is_rounded_up(duration_ms, whole_ms) or (whole_ms % 1000 == 0 and 0 <= duration_ms - whole_ms < 1000)
