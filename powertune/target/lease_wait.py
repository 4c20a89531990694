"""Waits for a function that another run holds, so that two pipelines at once need not fail each other.

It is whoever starts a run that waits, before the run begins: a task of the state machine would pay for its waiting.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from powertune.aws.clock import Clock
from powertune.domain.function import FunctionArn
from powertune.errors import LeaseHeld, LeaseLost, Stopped
from powertune.target.lease import Held, held_by, look, refusal

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 2.0, 30.0, 1.5
"""Between looks. All control-plane calls of an account share 15 a second (AWS docs,
lambda/latest/dg/gettingstarted-limits)."""

_MOMENT_S = 1.0
"""Within which a wish to stop is met."""

_Answer = TypeVar("_Answer")


def wait_until_free(
    client: Any,
    arn: FunctionArn,
    clock: Clock,
    *,
    longest_ms: int,
    stop_requested: Callable[[], bool],
    tell: Callable[[str], None],
) -> None:
    """Wait until no run holds the function. Nothing is changed, and nothing is taken: see `when_free`.

    A run that should have ended long ago is not waited for: the next one undoes it and goes on.

    Args:
        client: a Lambda client that may call GetAlias.
        arn: the function.
        clock: time.
        longest_ms: how long to wait; 0 looks once.
        stop_requested: whether the user wants to wait no longer.
        tell: told who holds the function, again after each look.

    Raises:
        LeaseHeld: it is still held, or by an alias that no run of powertune wrote.
        Stopped: the user wants to wait no longer.
        AwsError: AWS does not say who holds it.
    """
    deadline_ms = clock.now_ms() + longest_ms
    pause_s = _FIRST_PAUSE_S
    while True:
        held = look(client, arn)
        now_ms = clock.now_ms()
        if held is None or (held.lease is not None and held.lease.is_expired(now_ms)):
            return
        if held.lease is None:  # it ends by no run's end
            raise refusal(arn, held, now_ms=now_ms)
        if now_ms >= deadline_ms:
            raise _waited(arn, held, now_ms, longest_ms)
        tell(f"waiting: {held_by(arn, held.lease)}")
        _pause(min(pause_s, (deadline_ms - now_ms) / 1000), clock, stop_requested, arn)
        pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)


def when_free(
    client: Any,
    arn: FunctionArn,
    clock: Clock,
    begin: Callable[[], _Answer],
    *,
    longest_ms: int,
    stop_requested: Callable[[], bool],
    tell: Callable[[str], None],
) -> _Answer:
    """Wait until no run holds the function, and begin; where another one was quicker, wait on.

    Args:
        client: a Lambda client that may call GetAlias.
        arn: the function.
        clock: time.
        begin: does the run. It is called again where the function was taken before it could take it, so it gives the
            run a new id each time.
        longest_ms: how long to wait in all until it has begun.
        stop_requested: whether the user wants to wait no longer.
        tell: told who holds the function.

    Returns:
        What ``begin`` does.

    Raises:
        LeaseHeld: the function is still held after so long.
        PowertuneError: as ``begin`` does. A lease lost half-way is such an error: nothing is spent twice.
    """
    deadline_ms = clock.now_ms() + longest_ms
    while True:
        left_ms = max(0, deadline_ms - clock.now_ms())
        wait_until_free(client, arn, clock, longest_ms=left_ms, stop_requested=stop_requested, tell=tell)
        try:
            return begin()
        except LeaseLost:
            raise
        except LeaseHeld:
            if clock.now_ms() >= deadline_ms:
                raise
        _pause(_MOMENT_S, clock, stop_requested, arn)


def _waited(arn: FunctionArn, held: Held, now_ms: int, longest_ms: int) -> LeaseHeld:
    refused = refusal(arn, held, now_ms=now_ms)
    if longest_ms <= 0:
        return refused
    return LeaseHeld(
        f"{refused.message} It was waited for as long as was asked for.",
        next_step=f"Allow for a longer wait. {refused.next_step}",
    )


def _pause(seconds: float, clock: Clock, stop_requested: Callable[[], bool], arn: FunctionArn) -> None:
    until_ms = clock.now_ms() + round(seconds * 1000)
    while True:
        if stop_requested():
            raise Stopped(f"You stopped the wait for {arn.name}. Nothing was started.")
        left_ms = until_ms - clock.now_ms()
        if left_ms <= 0:
            return
        clock.sleep(min(left_ms / 1000, _MOMENT_S))
