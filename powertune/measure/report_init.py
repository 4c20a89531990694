"""The records of an init and of a SnapStart restore. Pure.

``INIT_REPORT`` is written where an init failed or ran out of time, and always for SnapStart and provisioned
concurrency (AWS docs, lambda/latest/dg/lambda-runtime-environment and lambda/latest/dg/snapstart-monitoring);
``platform.initReport`` and ``platform.restoreReport`` say the same in JSON
(lambda/latest/dg/telemetry-schema-reference). These records name no request.
"""

from dataclasses import dataclass

from powertune.measure.report_json import number_of, object_of, platform_record
from powertune.measure.report_text import error_type_of, fields_of, ms, status_of, without_line_end

_INIT, _RESTORE = "INIT_REPORT ", "RESTORE_REPORT "


@dataclass(frozen=True, slots=True, kw_only=True)
class InitReport:
    """What the record of an init or of a restore says; what it does not say is None.

    ``init_ms`` is the duration of the init; in the record of a restore it is None and ``restore_ms`` is given.
    ``phase`` is ``init``, or ``invoke`` where the init ran again inside an invocation.
    """

    init_ms: float | None = None
    restore_ms: float | None = None
    phase: str | None = None
    status: str | None = None
    error_type: str | None = None
    restore: bool = False


def read_init_report(message: str) -> InitReport | None:
    """The init or restore report that one log event is; None where the event is none."""
    text = without_line_end(message)
    if text.startswith((_INIT, _RESTORE)):
        return _from_text(text) if "\n" not in text else None
    if not message.startswith("{"):
        return None
    for kind, restore in (("platform.initReport", False), ("platform.restoreReport", True)):
        record = platform_record(message, kind)
        if record is not None:
            duration_ms = number_of(object_of(record.get("metrics")), "durationMs")
            return InitReport(
                init_ms=None if restore else duration_ms,
                restore_ms=duration_ms if restore else None,
                phase=status_of(record.get("phase")),
                status=status_of(record.get("status")),
                error_type=error_type_of(record.get("errorType")),
                restore=restore,
            )
    return None


def _from_text(text: str) -> InitReport | None:
    restore = text.startswith(_RESTORE)
    fields = fields_of(text.partition(" ")[2], whole=True)
    return InitReport(
        init_ms=ms(fields.get("Init Duration")),
        restore_ms=ms(fields.get("Restore Duration")),
        phase=status_of(fields.get("Phase")),
        status=status_of(fields.get("Status")),
        error_type=error_type_of(fields.get("Error Type")),
        restore=restore,
    )
