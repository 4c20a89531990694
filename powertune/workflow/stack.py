"""The stack: state machine, task functions, bucket. Finds it, and makes it on an endpoint."""

import os
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from powertune.aws.errors import code_of, explained
from powertune.aws.session import AwsSession
from powertune.domain.function import Architecture
from powertune.domain.result import Environment
from powertune.errors import AwsError
from powertune.resources import read
from powertune.wire import WireError, dumps, loads
from powertune.workflow.package import task_code
from powertune.workflow.steps import Role
from powertune.workflow.template import packaged_template

STACK_NAME = "powertune"
NAME_VARIABLE = "POWERTUNE_NAME_PREFIX"
"""Environment variable that names the stack to use, where it was deployed with another ``--name-prefix``."""

_POLL_S = 0.01
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonwebservices.com.cn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where the pieces are."""

    state_machine_arn: str
    bucket: str


def stack_name() -> str:
    """The name of the stack to use."""
    return os.environ.get(NAME_VARIABLE) or STACK_NAME


def bucket_name(account: str, region: str, name: str | None = None) -> str:
    """The bucket that holds the runs of one account and region; of the stack to use, where no name is given."""
    return f"{name or stack_name()}-{account}-{region}"


def find_stack(session: AwsSession, account: str, partition: str = "aws") -> Stack | None:
    """The stack in the session's region; None where it is not there.

    Raises:
        AwsError: AWS does not let the caller look.
    """
    from botocore.exceptions import ClientError

    region = session.region or ""
    arn = f"arn:{partition}:states:{region}:{account}:stateMachine:{stack_name()}"
    with explained("looking for the powertune state machine"):
        try:
            session.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
        except ClientError as error:
            if code_of(error) == "StateMachineDoesNotExist":
                return None
            raise
    return Stack(state_machine_arn=arn, bucket=bucket_name(account, region))


def environment_of(session: AwsSession) -> Environment:
    """Where the session's calls go: AWS, or an endpoint in its place, as that endpoint describes itself.

    Raises:
        AwsError: the endpoint does not answer.
    """
    from botocore.exceptions import ClientError

    client = session.client("lambda")
    url = str(client.meta.endpoint_url)
    if (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS):
        return Environment(kind="aws")
    with explained("asking the endpoint what it is"):
        try:
            answer = client.get_function_configuration(FunctionName=f"{stack_name()}-{Role.WORKER.value}")
            return loads(answer["Environment"]["Variables"]["POWERTUNE_ENVIRONMENT"], Environment)
        except (ClientError, KeyError, WireError):
            return Environment(kind="endpoint", notes=(f"Measured on the endpoint {url}, not on AWS.",))


def create_stack(session: AwsSession, account: str, environment: Environment, *, runtime: str) -> Stack:
    """Make the stack on an endpoint that is empty, from the same template as on AWS.

    The code packages are powertune's own code alone: there, it runs beside the packages of this machine.

    Args:
        session: clients of the endpoint.
        account: its account id.
        environment: what results shall say of where they come from.
        runtime: identifier of the task functions' runtime, such as ``python3.12``.

    Raises:
        AwsError: the endpoint refuses a call.
    """
    if session.region is None:
        raise AwsError("No region is configured.", next_step="Set AWS_REGION.")
    region = session.region
    artifacts, key = f"{STACK_NAME}-artifacts-{account}-{region}", "powertune.zip"
    with explained("creating the powertune stack"):
        store = session.client("s3")
        store.create_bucket(Bucket=artifacts)
        store.put_object(Bucket=artifacts, Key=key, Body=task_code())
        client = session.client("cloudformation")
        keys = {"WorkerKey": key, "PlannerKey": key}
        parameters = {"ArtifactBucket": artifacts, "EndpointDescription": dumps(environment)}
        client.create_stack(
            StackName=STACK_NAME,
            TemplateBody=packaged_template(keys, Architecture.X86_64, runtime=runtime),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        while (stack := client.describe_stacks(StackName=STACK_NAME)["Stacks"][0])["StackStatus"] != "CREATE_COMPLETE":
            if not stack["StackStatus"].endswith("_IN_PROGRESS") or stack["StackStatus"].startswith("ROLLBACK"):
                raise AwsError(
                    f"The embedded endpoint could not make the stack: {stack.get('StackStatusReason')}.",
                    next_step="Please report it.",
                )
            time.sleep(_POLL_S)
    arn = next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == "StateMachineArn")
    return Stack(state_machine_arn=arn, bucket=bucket_name(account, region, STACK_NAME))


def definition(*, partition: str, worker_arn: str, planner_arn: str) -> str:
    """The state machine's definition with its placeholders filled in, as CloudFormation would."""
    text = read("statemachine", "tuning.asl.json")
    for name, value in {
        "Partition": partition,
        "WorkerFunctionArn": worker_arn,
        "PlannerFunctionArn": planner_arn,
    }.items():
        text = text.replace(f"${{{name}}}", value)
    return text
