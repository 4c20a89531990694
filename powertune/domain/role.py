"""The role through which a function is reached that is not in the caller's own account."""

import re
from dataclasses import dataclass

from powertune.errors import UsageError

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""What AWS takes: STS API Reference, API_AssumeRole."""

DEFAULT_SESSION_NAME = "powertune"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRole:
    """A role to assume.

    Attributes:
        arn: the role, in the function's account.
        external_id: what its trust policy asks for; AWS does not regard it as a secret.
        session_name: under which CloudTrail shows what was done.
    """

    arn: str
    external_id: str | None = None
    session_name: str = DEFAULT_SESSION_NAME

    def __post_init__(self) -> None:
        if not _ROLE_ARN.fullmatch(self.arn):
            raise UsageError(
                f"'{self.arn}' is not the ARN of a role.", next_step="It looks like arn:aws:iam::ACCOUNT:role/NAME."
            )
        if self.external_id is not None and not _EXTERNAL_ID.fullmatch(self.external_id):
            raise UsageError(
                f"'{self.external_id}' is not an external id.",
                next_step="It has 2 to 1224 letters, digits and _ + = , . @ : / -",
            )
        if not _SESSION_NAME.fullmatch(self.session_name):
            raise UsageError(
                f"'{self.session_name}' is not the name of a role session.",
                next_step="It has 2 to 64 letters, digits and _ + = , . @ -",
            )


def cleanup_command(function_arn: object, role: TargetRole | None) -> str:
    """The command that finishes the undo of a run, as a user may paste it."""
    text = f"powertune cleanup --function-arn {function_arn}"
    if role is None:
        return text
    text += f" --role-arn {role.arn}"
    return text if role.external_id is None else f"{text} --external-id {role.external_id}"
