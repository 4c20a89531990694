"""Makes a temporary clone of a function: the same code and configuration, without anything that would invoke it.

What GetFunction gives and CreateFunction takes: botocore's Lambda model. Left out on purpose: triggers, the function's
URL and resource policy, reserved concurrency, the dead letter queue and destinations (a run makes no asynchronous
invocations), and the function's own tags, by which others may find and use it.
"""

from dataclasses import dataclass, replace
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.download import download
from powertune.aws.errors import code_of, explained, message_of
from powertune.domain.function import Architecture, FunctionArn, FunctionSnapshot
from powertune.errors import AwsError, FunctionChanged, FunctionRefused
from powertune.target.clone import clone_arn, clone_of_run, clone_tags
from powertune.target.function_code import MOST_CODE_BYTES, FunctionCode, Upload
from powertune.target.portable import obstacles
from powertune.target.snapshot import architecture_of_configuration, require_updated, settled_configuration

_ACCESS_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_SIGNING_CODES = frozenset({"CodeVerificationFailedException", "InvalidCodeSignatureException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneOrder:
    """What is to be cloned, and how.

    Attributes:
        snapshot: the function, with the instruction set that the clone is to have.
        own_architecture: the function's.
        run_id: the run that it is for.
        until_ms: when that should be over, in epoch milliseconds.
        assume_portable: do not look whether the package can run on another instruction set.
        upload: where code goes that is too large for a call; None where there is no place for it.
    """

    snapshot: FunctionSnapshot
    own_architecture: Architecture
    run_id: str
    until_ms: int
    assume_portable: bool = False
    upload: Upload | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether the clone has another instruction set than the function."""
        return self.snapshot.architecture is not self.own_architecture


def make_clone(client: Any, order: CloneOrder, clock: Clock) -> tuple[FunctionSnapshot, tuple[str, ...]]:
    """Make the clone, wait until it can be used, and describe it; with what its user should know. Safe to repeat.

    Its tags are read before it is made: whoever may not do that could not delete it either.

    The function itself is read and nothing else.

    Raises:
        FunctionRefused: it cannot be cloned, or not for that instruction set; the text says why.
        FunctionChanged: its code changed in this moment.
        AwsError: AWS refuses.
    """
    target = order.snapshot.arn
    with explained("reading the code and configuration", target.name):
        found = client.get_function(FunctionName=str(target))
    configuration = found["Configuration"]
    _check(configuration, order)
    arguments = {
        **_arguments(configuration, order),
        **_signing(client, configuration, target),
        "Tags": clone_tags(target, order.run_id, order.until_ms),
    }
    arn = clone_arn(target, order.run_id)
    code = FunctionCode(found.get("Code") or {}, configuration, target)
    try:
        if order.is_foreign and not order.assume_portable:
            _require_portable(client, configuration, code, order)
        _create(
            client, target, {**arguments, "FunctionName": arn.name, "Code": code.argument(order.upload)}, order.run_id
        )
    finally:
        code.close()
    made = settled_configuration(client, arn, clock)
    require_updated(made, arn)
    return _described(made, order, arn), _notes(configuration, made)


def _check(configuration: dict[str, Any], order: CloneOrder) -> None:
    target = order.snapshot.arn
    if configuration["CodeSha256"] != order.snapshot.code_sha256:
        raise FunctionChanged(
            f"The code of {target.name} was changed in this moment; nothing was made.", next_step="Run again."
        )
    hidden = (configuration.get("Environment") or {}).get("Error")
    if hidden:
        raise FunctionRefused(
            f"The environment variables of {target.name} cannot be read, so a clone would lack them "
            f"({hidden.get('Message') or 'no reason given'}). Nothing was made.",
            next_step="Give the caller kms:Decrypt on the function's key, or tune the function itself.",
        )
    if order.is_foreign and configuration.get("PackageType") == "Image":
        # AWS docs, lambda/latest/dg/images-create: an image is for one instruction set.
        raise FunctionRefused(
            f"{target.name} is a container image for {order.own_architecture}; Lambda takes no image for several "
            f"instruction sets, so it cannot run on {order.snapshot.architecture}. Nothing was made.",
            next_step=f"Build an image for {order.snapshot.architecture}, deploy it as a function, and tune that one.",
        )


def _arguments(configuration: dict[str, Any], order: CloneOrder) -> dict[str, Any]:
    """What CreateFunction is given besides name, tags and code."""
    snapshot = order.snapshot
    arguments: dict[str, Any] = {
        "Role": configuration["Role"],
        "Description": f"Temporary clone of {snapshot.arn.name}, made by powertune; deleted at the end of its run",
        "Timeout": configuration["Timeout"],
        "MemorySize": configuration["MemorySize"],
        "Architectures": [snapshot.architecture.value],
        "EphemeralStorage": {"Size": snapshot.ephemeral_mb},
        "TracingConfig": {"Mode": (configuration.get("TracingConfig") or {}).get("Mode") or "PassThrough"},
        # The function's own group: its role may write there, and no group is left behind.
        "LoggingConfig": {**(configuration.get("LoggingConfig") or {}), "LogGroup": snapshot.log_group},
    }
    if configuration.get("PackageType") == "Image":
        arguments["PackageType"] = "Image"
        image = (configuration.get("ImageConfigResponse") or {}).get("ImageConfig")
        if image:
            arguments["ImageConfig"] = image
    else:
        arguments |= {"Runtime": configuration["Runtime"], "Handler": configuration["Handler"]}
    variables = (configuration.get("Environment") or {}).get("Variables")
    if variables:
        arguments["Environment"] = {"Variables": variables}
    vpc = configuration.get("VpcConfig") or {}
    if vpc.get("SubnetIds"):
        taken = ("SubnetIds", "SecurityGroupIds", "Ipv6AllowedForDualStack")
        arguments["VpcConfig"] = {key: vpc[key] for key in taken if key in vpc}
    if snapshot.snap_start:
        arguments["SnapStart"] = {"ApplyOn": configuration["SnapStart"]["ApplyOn"]}
    layers = [layer["Arn"] for layer in configuration.get("Layers") or ()]
    if layers:
        arguments["Layers"] = layers
    for key in ("KMSKeyArn", "FileSystemConfigs"):
        if configuration.get(key):
            arguments[key] = configuration[key]
    return arguments


def _signing(client: Any, configuration: dict[str, Any], target: FunctionArn) -> dict[str, str]:
    """The code signing configuration of a function, which its clone must keep to; images have none."""
    if configuration.get("PackageType") == "Image":
        return {}
    with explained("reading the code signing configuration", target.name):
        arn = client.get_function_code_signing_config(FunctionName=str(target)).get("CodeSigningConfigArn")
    return {"CodeSigningConfigArn": arn} if arn else {}


def _require_portable(client: Any, configuration: dict[str, Any], code: FunctionCode, order: CloneOrder) -> None:
    wanted = order.snapshot.architecture
    said = [*obstacles(code.file(), wanted)]
    for layer in configuration.get("Layers") or ():
        said += _layer_obstacles(client, layer["Arn"], wanted)
    if said:
        raise FunctionRefused(
            f"{order.snapshot.arn.name} may not run on {wanted}, so that was not tried. {' '.join(said)}",
            next_step=f"Build the package and its layers for {wanted}; or add --assume-portable if you know better.",
        )


def _layer_obstacles(client: Any, arn: str, wanted: Architecture) -> tuple[str, ...]:
    """What speaks against a layer: what its owner says it is for, or what is in it."""
    try:
        with explained("reading the layer", arn):
            layer = client.get_layer_version_by_arn(Arn=arn)
    except AwsError as error:
        return (f"What the layer {arn} is for could not be found out: {error.message}",)
    compatible = layer.get("CompatibleArchitectures")
    if compatible:
        return () if wanted.value in compatible else (f"The layer {arn} is for {', '.join(compatible)} only.",)
    try:
        content = download(
            layer["Content"]["Location"],
            what=f"the layer {arn}",
            sha256=layer["Content"].get("CodeSha256"),
            most_bytes=MOST_CODE_BYTES,
        )
    except (AwsError, KeyError) as error:
        return (f"The layer {arn} does not say what it is for, and could not be read: {error}",)
    with content:
        return tuple(f"The layer {arn}: {one}" for one in obstacles(content, wanted))


def _create(client: Any, target: FunctionArn, arguments: dict[str, Any], run_id: str) -> None:
    from botocore.exceptions import ClientError

    try:
        if clone_of_run(client, target, run_id) is not None:
            return  # an earlier try of this run made it
        with explained("creating the clone", target.name):
            client.create_function(**arguments)
    except AwsError as error:
        cause = error.__cause__
        code = code_of(cause) if isinstance(cause, ClientError) else ""
        if code == "ResourceConflictException" and clone_of_run(client, target, run_id) is not None:
            return  # this try made it, and the answer to it was lost
        if code in _ACCESS_CODES:
            assert isinstance(cause, ClientError)
            raise AwsError(
                f"AWS denied making a clone of {target.name}: {message_of(cause)}",
                next_step="A clone needs lambda:CreateFunction, TagResource, ListTags and DeleteFunction on its name, "
                f"and iam:PassRole on {arguments['Role']}: powertune iam --isolate prints the policy. The state "
                "machine has them only where it was deployed with --allow-isolated and with the function's role as "
                "--target-role-arn.",
            ) from error
        if code == "InvalidParameterValueException":
            assert isinstance(cause, ClientError)
            raise FunctionRefused(
                f"AWS takes no new function like {target.name}: {message_of(cause)}",
                next_step="A runtime that is no longer supported, say, stays on the functions that have it. Tune the "
                "function itself, without --isolate.",
            ) from error
        if code in _SIGNING_CODES:
            assert isinstance(cause, ClientError)
            raise FunctionRefused(
                f"The code signing configuration of {target.name} does not let its code be deployed again: "
                f"{message_of(cause)}",
                next_step="Tune the function itself: that deploys no code.",
            ) from error
        raise


def _described(made: dict[str, Any], order: CloneOrder, arn: FunctionArn) -> FunctionSnapshot:
    """The clone as the steps see it: what matters to a measurement must be as on the function."""
    snapshot = order.snapshot
    state = made.get("State") or "Active"
    if state not in ("Active", "Inactive"):
        raise FunctionRefused(
            f"The clone of {snapshot.arn.name} is in state {state}: {made.get('StateReason') or 'no reason given'}.",
            next_step="Tune the function itself.",
        )
    differs = {
        "code": made["CodeSha256"] != snapshot.code_sha256,
        "memory size": made["MemorySize"] != snapshot.memory_mb,
        "timeout": made["Timeout"] != snapshot.timeout_s,
        "instruction set": architecture_of_configuration(made) is not snapshot.architecture,
    }
    other = [name for name, is_other in differs.items() if is_other]
    if other:
        raise FunctionChanged(
            f"The clone of {snapshot.arn.name} did not become like it: its {' and its '.join(other)} differ.",
            next_step="It may have been deployed anew in this moment: run again.",
        )
    return replace(snapshot, arn=arn, revision_id=made["RevisionId"], clone_of=snapshot.arn)


def _notes(configuration: dict[str, Any], made: dict[str, Any]) -> tuple[str, ...]:
    was, now = ((one.get("RuntimeVersionConfig") or {}).get("RuntimeVersionArn") for one in (configuration, made))
    if was and now and was != now and configuration.get("Architectures") == made.get("Architectures"):
        return ("The clone has another version of the runtime than the function, whose runtime updates are held back.",)
    return ()
