"""``powertune iam``: the IAM policy that a use of powertune needs."""

import json
import textwrap
from typing import Any

import click

from powertune.domain.function import FunctionArn
from powertune.errors import UsageError

_EPILOG = """\b
Examples:
  powertune iam --function-arn arn:aws:lambda:eu-west-1:123456789012:function:orders --mode direct
  powertune iam --function-arn ARN --mode readonly --explain
  powertune iam --function-arn ARN --mode direct --isolate --function-role-arn arn:aws:iam::123456789012:role/orders
  powertune iam --function-arn ARN --mode stack --role-arn arn:aws:iam::999999999999:role/tuner
  powertune iam --function-arn ARN --mode direct --for check --baseline s3://BUCKET/PREFIX --build-project check-orders
  aws iam put-role-policy --role-name tuner --policy-name powertune \\
      --policy-document "$(powertune iam --function-arn ARN --mode direct)"
"""


@click.command("iam", epilog=_EPILOG)
@click.option("--function-arn", required=True, metavar="ARN", help="The function, without version or alias.")
@click.option(
    "--mode",
    type=click.Choice(["direct", "stack", "readonly"]),
    help="Whose policy: of a run from the terminal, of who starts the state machine, or of who only looks.",
)
@click.option(
    "--role",
    "stack_role",
    type=click.Choice(["worker", "planner", "cleaner", "state-machine"]),
    help="In place of --mode: a role of the stack.",
)
@click.option(
    "--for",
    "use",
    type=click.Choice(["run", "check"]),
    default="run",
    show_default=True,
    help="With --mode: what is done. A check only invokes versions that there are.",
)
@click.option("--retune", is_flag=True, help="With --for check: also what its --retune needs, which is a run.")
@click.option(
    "--baseline", metavar="PLACE", help="Also baselines in s3://BUCKET/PREFIX, or in the stack's bucket: stack."
)
@click.option("--build-project", metavar="NAME", help="Also what a CodeBuild project of this name needs for itself.")
@click.option("--artifacts-bucket", metavar="NAME", help="With --build-project: the pipeline's bucket of artifacts.")
@click.option("--isolate", is_flag=True, help="Also what --isolate needs: to make and delete a clone.")
@click.option("--apply", "apply_", is_flag=True, help="Also what --apply needs; only --isolate makes a difference.")
@click.option("--alias", metavar="NAME", help="With --apply: the same, since IAM knows no names of aliases.")
@click.option("--canary", is_flag=True, help="Also what --canary needs: to read the function's metrics.")
@click.option("--plan", is_flag=True, help="Also what --plan can use: quotas, and which permissions are missing.")
@click.option("--prices", is_flag=True, help="Also for: powertune prices refresh --from-api.")
@click.option("--payload-s3", metavar="s3://BUCKET/KEY", help="Where a payload lies that a run reads.")
@click.option("--processor", "processors", multiple=True, metavar="ARN", help="A pre- or post-processor. Repeatable.")
@click.option("--log-group", metavar="NAME", help="The function's log group, where it is not Lambda's own.")
@click.option("--function-role-arn", metavar="ARN", help="With --isolate: the function's execution role.")
@click.option("--layer", "layers", multiple=True, metavar="ARN", help="With --isolate: a layer's version. Repeatable.")
@click.option(
    "--role-arn",
    metavar="ARN",
    help="The caller reaches the function through this role, which has the rest.",
)
@click.option("--caller-arn", metavar="ARN", help="With --plan: the role or user that plans.")
@click.option("--stack-region", metavar="REGION", help="Region of the state machine, where it is not the function's.")
@click.option("--stack-account", metavar="ID", help="Account of the state machine, where it is not the function's.")
@click.option("--stack-name", metavar="NAME", default="powertune", show_default=True, help="Name prefix of the stack.")
@click.option("--bucket", metavar="NAME", help="Bucket of the stack, where it has another name.")
@click.option("--kms-key-arn", metavar="ARN", help="The key that the bucket is encrypted with.")
@click.option("--explain", is_flag=True, help="Print what each statement is for, in place of the policy.")
def command(mode: str | None, stack_role: str | None, **options: Any) -> int:
    """Print the IAM policy that a use of powertune needs, for one function.

    The policy is JSON that IAM takes. Each action is there because powertune calls it, and on no other resource than it
    is called on. What a statement is for, and why some resources have to be *, --explain says. Nothing is asked of AWS.
    """
    if (mode is None) == (stack_role is None):
        raise UsageError(
            "Give either --mode or --role.", next_step="A run from this terminal needs: powertune iam --mode direct"
        )
    from powertune.permissions import Mode, StackRole, policy_document, role_statements, statements_for

    scope, wanted = _scope(options), _wanted(options)
    if stack_role is not None and (options["use"] == "check" or options["build_project"] is not None):
        raise UsageError(
            "A role of the stack is for runs and for checks, and for no build.",
            next_step="Leave --for and --build-project out, or give --mode in place of --role.",
        )
    if mode is not None:
        statements = (*statements_for(Mode(mode), scope, wanted), *_build(options, scope))
    else:
        assert stack_role is not None
        statements = role_statements(StackRole(stack_role), scope, wanted)
    if options["explain"]:
        click.echo("\n\n".join(_explained(one) for one in statements))
    else:
        click.echo(json.dumps(policy_document(statements), indent=2))
    return 0


def _build(options: dict[str, Any], scope: Any) -> tuple[Any, ...]:
    from powertune.permissions import build_statements

    project, bucket = options["build_project"], options["artifacts_bucket"]
    if project is None and bucket is not None:
        raise UsageError("--artifacts-bucket goes with --build-project.", next_step="Add --build-project.")
    return () if project is None else build_statements(scope, project, bucket)


def _scope(options: dict[str, Any]) -> Any:
    from powertune.domain.role import TargetRole
    from powertune.permissions import Scope

    role_arn = options["role_arn"]
    return Scope(
        function=FunctionArn.parse(options["function_arn"]),
        log_group=options["log_group"],
        stack_name=options["stack_name"],
        stack_account=options["stack_account"],
        stack_region=options["stack_region"],
        bucket=options["bucket"],
        kms_key_arn=options["kms_key_arn"],
        function_role_arn=options["function_role_arn"],
        layer_arns=options["layers"],
        role_arn=None if role_arn is None else TargetRole(arn=role_arn).arn,
        payload_s3=options["payload_s3"],
        processor_arns=options["processors"],
        caller_arn=options["caller_arn"],
        baselines=options["baseline"],
    )


def _wanted(options: dict[str, Any]) -> list[Any]:
    from powertune.permissions import STACK, Feature

    if options["alias"] is not None and not options["apply_"]:
        raise UsageError("--alias goes with --apply.", next_step="Add --apply, or leave it out.")
    if not options["isolate"] and (options["function_role_arn"] or options["layers"]):
        raise UsageError("--function-role-arn and --layer go with --isolate.", next_step="Add --isolate.")
    place = options["payload_s3"]
    if place is not None and not place.startswith("s3://"):
        raise UsageError(f"'{place}' is not an S3 reference.", next_step="It looks like s3://BUCKET/KEY.")
    is_check, baselines = options["use"] == "check", options["baseline"]
    if options["retune"] and not is_check:
        raise UsageError("--retune goes with --for check.", next_step="Add --for check, or leave it out.")
    if is_check and any(options[name] for name in ("isolate", "apply_", "canary")):
        raise UsageError(
            "A check makes no clone and applies nothing.", next_step="Leave --isolate, --apply and --canary out."
        )
    if baselines not in (None, STACK) and not baselines.startswith("s3://"):
        raise UsageError(
            f"'{baselines}' is no place that needs a permission.",
            next_step="It looks like s3://BUCKET/PREFIX, or is: stack. A folder or a file needs none.",
        )
    asked = {
        Feature.CHECK: is_check,
        Feature.RETUNE: options["retune"],
        Feature.BASELINES: baselines is not None,
        Feature.ISOLATE: options["isolate"],
        Feature.APPLY: options["apply_"],
        Feature.CANARY: options["canary"],
        Feature.PLAN: options["plan"],
        Feature.PRICES: options["prices"],
        Feature.PAYLOAD_S3: place is not None,
        Feature.PROCESSORS: bool(options["processors"]),
    }
    return [feature for feature, wanted in asked.items() if wanted]


def _explained(statement: Any) -> str:
    lines = [
        f"{statement.sid}: {'never ' if statement.deny else ''}{', '.join(statement.actions)}",
        *(f"on {resource}" for resource in statement.resources),
        *(f"only where {key} is {value}" for _, key, value in statement.conditions),
        statement.why,
    ]
    if statement.without:
        lines.append(f"Without it: {statement.without}")
    first, *rest = lines
    indented = [
        textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="  ", break_long_words=False,
                      break_on_hyphens=False)
        for line in rest
    ]  # fmt: skip
    return "\n".join((first, *indented))
