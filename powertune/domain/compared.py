"""Which figures of a run are compared: those of warm invocations, of cold starts, or a dry run's single ones."""

from enum import StrEnum

from powertune.domain.result import Distribution, SizeCost, SizeResult, TuningResult


class ComparedBy(StrEnum):
    """What the figures of a run are of."""

    WARM = "warm"  # warm invocations
    COLD = "cold"  # cold starts alone
    ONCE = "once"  # the single invocation of a dry run

    def duration(self, size: SizeResult) -> Distribution | None:
        """The compared duration of a size, in milliseconds."""
        found = size.compared_duration(cold=self is not ComparedBy.WARM)
        # The one invocation of a dry run may have met a warm environment.
        return size.compared_duration(cold=False) if found is None and self is ComparedBy.ONCE else found

    def cost(self, size: SizeResult) -> SizeCost | None:
        """The compared cost of a size."""
        found = size.compared_cost(cold=self is not ComparedBy.WARM)
        return size.compared_cost(cold=False) if found is None and self is ComparedBy.ONCE else found


def compared_by(result: TuningResult) -> ComparedBy:
    """What the figures of a run are of."""
    if result.request.dry_run:
        return ComparedBy.ONCE
    return ComparedBy.COLD if result.request.only_cold_starts else ComparedBy.WARM
