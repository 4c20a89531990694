"""Credentials of a role, and who the caller is."""

from typing import Any

from powertune.aws.errors import code_of, explained, message_of
from powertune.domain.role import TargetRole
from powertune.errors import RoleRefused


def assumed(client: Any, role: TargetRole) -> dict[str, Any]:
    """Credentials of a role, in the form in which botocore's refreshable credentials take them.

    AWS answers AccessDenied alike where there is no such role, where its trust policy does not let the caller in, where
    it wants another external id or multi-factor authentication, and where the caller lacks the permission (IAM User
    Guide, troubleshoot_roles).

    Args:
        client: an STS client of the caller.
        role: the role.

    Raises:
        RoleRefused: AWS does not let the caller assume it.
        AwsError: AWS did not answer, or the caller's own credentials do not work.
    """
    from botocore.exceptions import ClientError

    more = {} if role.external_id is None else {"ExternalId": role.external_id}
    with explained(f"assuming the role {role.arn}"):
        try:
            answer = client.assume_role(RoleArn=role.arn, RoleSessionName=role.session_name, **more)
        except ClientError as error:
            if code_of(error) not in ("AccessDenied", "AccessDeniedException"):
                raise
            raise RoleRefused(
                f"AWS did not let the caller assume the role {role.arn}: {message_of(error)}",
                next_step="Check that the role exists, that its trust policy names the caller"
                + ("" if role.external_id is None else " and this external id")
                + ", and that the caller may call sts:AssumeRole on it. If it wants multi-factor authentication, log "
                "in with that first and name the profile with --profile.",
            ) from None
    given = answer["Credentials"]
    expiry = given["Expiration"]
    return {
        "access_key": given["AccessKeyId"],
        "secret_key": given["SecretAccessKey"],
        "token": given["SessionToken"],
        "expiry_time": expiry if isinstance(expiry, str) else expiry.isoformat(),
    }


def account_of(session: Any) -> str:
    """The account of the session's credentials. Needs no permission (STS API Reference, API_GetCallerIdentity).

    Raises:
        AwsError: there are no credentials, or AWS does not accept them.
    """
    with explained("asking who the caller is"):
        account: str = session.client("sts").get_caller_identity()["Account"]
    return account
