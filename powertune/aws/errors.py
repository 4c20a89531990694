"""botocore's errors in the words of `powertune.errors`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from powertune.errors import AwsError, FunctionChanged, FunctionNotFound

_ACCESS_CODES = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_CREDENTIAL_CODES = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
}
_THROTTLE_CODES = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}


_CLOCK_CODES = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}
_CLOCK_WORDS = ("Signature expired", "Signature not yet current")
"""How AWS refuses a request whose time stamp is more than five minutes off, by code or, under a code that says other
things too, by its message (AWS docs, IAM/latest/UserGuide/reference_aws-signing)."""

_LOG_IN = "Log in again, or name a profile with --profile."
_CREDENTIAL_ERRORS = {
    "CredentialRetrievalError",
    "LoginError",
    "PartialCredentialsError",
    "RefreshWithMFAUnsupportedError",
    "SSOError",
    "TokenRetrievalError",
}
"""By name, with what is derived from them: not every botocore has all of them."""


def _is_of_credentials(error: Exception) -> bool:
    return any(kind.__name__ in _CREDENTIAL_ERRORS for kind in type(error).__mro__)


def code_of(error: Exception) -> str:
    """AWS's error code, or an empty string."""
    # An error of the connection may have a response that is None.
    response: Any = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def message_of(error: Exception) -> str:
    """AWS's error message, or the error's own text."""
    response: Any = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Message") or error)


@contextmanager
def explained(doing: str, function: str = "") -> Iterator[None]:
    """Turn botocore's errors into errors for people.

    Args:
        doing: what was being done, as in "reading the configuration".
        function: the function that it was done to.

    Raises:
        AwsError: or one of its kinds, for every error of botocore.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    of = f" of {function}" if function else ""
    try:
        yield
    except NoRegionError:
        raise AwsError("No AWS region is configured.", next_step="Give --region or set AWS_REGION.") from None
    except NoCredentialsError:
        raise AwsError(
            "No AWS credentials were found.", next_step="Configure them, or name a profile with --profile."
        ) from None
    except ClientError as error:
        raise _translated(error, doing, of, function) from error
    except RuntimeError as error:
        if "refreshed credentials are still expired" not in str(error):  # botocore has no class for that
            raise
        raise AwsError(f"The AWS credentials have expired while {doing}{of}.", next_step=_LOG_IN) from error
    except BotoCoreError as error:
        if _is_of_credentials(error):
            raise AwsError(
                f"The AWS credentials could not be renewed while {doing}{of}: {error}", next_step=_LOG_IN
            ) from error
        raise AwsError(
            f"AWS did not answer while {doing}{of}: {error}.", next_step="Check the network and the endpoint."
        ) from error


def _translated(error: Exception, doing: str, of: str, function: str) -> AwsError:
    code, message = code_of(error), message_of(error)
    if code == "ResourceNotFoundException":
        return FunctionNotFound(
            f"AWS found nothing while {doing}{of}: {message}.",
            next_step=f"Check the name, the account and the region of {function or 'the resource'}.",
        )
    if code == "PreconditionFailedException":
        return FunctionChanged(
            f"Somebody else changed the function while {doing}{of}; their change was not overwritten.",
            next_step="Run again when the other change is finished.",
        )
    if code in _ACCESS_CODES:
        return AwsError(f"AWS denied {doing}{of}: {message}", next_step="Give the caller that permission.")
    if code in _CLOCK_CODES or message.startswith(_CLOCK_WORDS):
        return AwsError(
            f"AWS refused {doing}{of}, because this machine's clock is wrong: {message}",
            next_step="Set the clock right; AWS takes requests that are no more than five minutes off.",
        )
    if code in _CREDENTIAL_CODES:
        return AwsError(f"AWS did not accept the credentials while {doing}{of}: {message}", next_step=_LOG_IN)
    if code in _THROTTLE_CODES:
        return AwsError(f"AWS throttled {doing}{of}, and went on doing so: {message}", next_step="Try again later.")
    return AwsError(f"AWS refused {doing}{of}: {code}: {message}", next_step="Correct what it names and run again.")
