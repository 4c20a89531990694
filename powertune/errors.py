"""What can go wrong, for people.

    PowertuneError                 exit code
    ├── UsageError                 2   the request cannot be meant: nothing was started
    │   └── LocalExtraMissing      2   the embedded endpoint's packages are not installed
    ├── AwsError                   3   AWS (or the endpoint) refused or did not answer
    │   ├── FunctionNotFound       3
    │   ├── FunctionRefused        3   the function is in a state, or of a kind, that cannot be tuned
    │   │   └── MemoryRefused      3   the account may not have so much memory
    │   ├── FunctionChanged        3   somebody else changed the function during the run
    │   ├── LeaseHeld              3   another run is tuning this function
    │   │   └── LeaseLost          3   somebody undid this run, or took the function over
    │   └── RoleRefused            3   the role that leads to the function may not be assumed
    ├── BaselineNotKept            3   a first measurement could not be kept as the baseline
    ├── FunctionFails              4   the function failed at every memory size
    │   ├── FailsTooOften          4   a first measurement failed too often to be a baseline
    │   ├── ProcessorFails         4   the pre- or post-processor around its invocations failed
    │   └── NothingToRecommend     4   it was measured, but not so that a memory size could be recommended
    ├── Regressed                  1   a check found the function slower, dearer, or worse in another way
    ├── NotDecided                 5   a check could not decide, and was asked to fail then
    ├── CanaryRolledBack           7   the new version did not do well on its share, or could not be watched
    ├── NotRestored                6   the function could not be put back: it is left changed
    └── Stopped                    130 the user interrupted the run

Exit code 0 is success. `powertune history --delete-older-than` ends with 1, as an error of no other kind, where a run
that was to go could not be deleted.
Every error says what happened and what to do next; its text is all that a user sees.
"""


class PowertuneError(Exception):
    """An error with a sentence for the user and an exit code.

    Args:
        message: what happened, to which function, what is unchanged or was restored.
        next_step: what the user can do now; printed on its own line.
    """

    exit_code = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n{self.next_step}" if self.next_step else self.message


class UsageError(PowertuneError):
    """The request cannot be meant as it stands; nothing was started or spent."""

    exit_code = 2


class LocalExtraMissing(UsageError):
    """The packages of the ``local`` extra are not installed."""


class AwsError(PowertuneError):
    """AWS, or the endpoint in its place, refused a call or did not answer."""

    exit_code = 3


class FunctionNotFound(AwsError):
    """There is no such function, version or alias."""


class FunctionRefused(AwsError):
    """The function is in a state, or of a kind, that cannot be tuned."""


class MemoryRefused(FunctionRefused):
    """The account may not have so much memory.

    Args:
        message, next_step: as ever.
        allowed_mb: the largest memory size that it may have, as far as AWS says; no larger one need be tried.
    """

    def __init__(self, message: str, *, next_step: str = "", allowed_mb: int | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.allowed_mb = allowed_mb


class FunctionChanged(AwsError):
    """Somebody else changed the function while the run was under way."""


class LeaseHeld(AwsError):
    """Another run holds the lease on this function."""


class LeaseLost(LeaseHeld):
    """A run's own lease is gone: it was undone meanwhile, and changes nothing further."""


class RoleRefused(AwsError):
    """The role through which the function is to be reached may not be assumed."""


class BaselineNotKept(PowertuneError):
    """A first measurement could not be kept as the baseline, so that the next check has none to compare with either."""

    exit_code = 3


class FunctionFails(PowertuneError):
    """The function failed at every memory size, so there is nothing to compare."""

    exit_code = 4


class FailsTooOften(FunctionFails):
    """A first measurement failed too often to be kept as the baseline: later checks would take that for normal."""


class ProcessorFails(FunctionFails):
    """The pre- or post-processor failed, so what the function would have met is not what was asked for."""


class NothingToRecommend(FunctionFails):
    """Invocations succeeded, but no memory size can be recommended: a limit ended the search, or none is fit."""


class NotRestored(PowertuneError):
    """The function could not be put back as it was."""

    exit_code = 6


class Regressed(PowertuneError):
    """A check found that the function became worse. What was measured stands in the result."""

    exit_code = 1


class NotDecided(PowertuneError):
    """A check could not decide within its limits, and its user wants it to fail then."""

    exit_code = 5


class CanaryRolledBack(PowertuneError):
    """A canary did not pass, so the alias was put back. What was measured stands in the result."""

    exit_code = 7


class Stopped(PowertuneError):
    """The user interrupted the run."""

    exit_code = 130
