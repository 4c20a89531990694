"""The stack: state machine, task functions, bucket. Finds it, and makes it on an endpoint.

On AWS the stack comes from a template; on the embedded endpoint the same pieces are made call by call.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from powertune.aws.errors import code_of, explained
from powertune.aws.session import AwsSession
from powertune.domain.result import Environment
from powertune.errors import AwsError
from powertune.resources import read
from powertune.wire import WireError, dumps, loads
from powertune.workflow.package import TASK_HANDLER, task_code
from powertune.workflow.steps import Role

STACK_NAME = "powertune"
_MEMORY_MB = {Role.WORKER: 512, Role.PLANNER: 1024}
_TASK_TIMEOUT_S = 900
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonwebservices.com.cn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where the pieces are."""

    state_machine_arn: str
    bucket: str


def bucket_name(account: str, region: str) -> str:
    """The bucket that holds the runs of one account and region."""
    return f"{STACK_NAME}-{account}-{region}"


def find_stack(session: AwsSession, account: str, partition: str = "aws") -> Stack | None:
    """The stack in the session's region; None where it is not there.

    Raises:
        AwsError: AWS does not let the caller look.
    """
    from botocore.exceptions import ClientError

    region = session.region or ""
    arn = f"arn:{partition}:states:{region}:{account}:stateMachine:{STACK_NAME}"
    with explained("looking for the powertune state machine"):
        try:
            session.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
        except ClientError as error:
            if code_of(error) == "StateMachineDoesNotExist":
                return None
            raise
    return Stack(state_machine_arn=arn, bucket=bucket_name(account, region))


def environment_of(session: AwsSession) -> Environment:
    """Where the session's calls go: AWS, or an endpoint in its place, as that endpoint describes itself."""
    from botocore.exceptions import ClientError

    client = session.client("lambda")
    url = str(client.meta.endpoint_url)
    if (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS):
        return Environment(kind="aws")
    try:
        answer = client.get_function_configuration(FunctionName=f"{STACK_NAME}-{Role.WORKER.value}")
        return loads(answer["Environment"]["Variables"]["POWERTUNE_ENVIRONMENT"], Environment)
    except (ClientError, KeyError, WireError):
        return Environment(kind="endpoint", notes=(f"Measured on the endpoint {url}, not on AWS.",))


def create_stack(session: AwsSession, account: str, environment: Environment, *, runtime: str) -> Stack:
    """Make the stack on an endpoint that is empty.

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
    bucket = bucket_name(account, region)
    role = f"arn:aws:iam::{account}:role/{STACK_NAME}"
    code = task_code()
    with explained("creating the powertune stack"):
        session.client("s3").create_bucket(Bucket=bucket)
        arns = {}
        for task_role in Role:
            arns[task_role] = session.client("lambda").create_function(
                FunctionName=f"{STACK_NAME}-{task_role.value}",
                Runtime=runtime,
                Role=role,
                Handler=TASK_HANDLER,
                Code={"ZipFile": code},
                Timeout=_TASK_TIMEOUT_S,
                MemorySize=_MEMORY_MB[task_role],
                Environment={"Variables": {"POWERTUNE_BUCKET": bucket, "POWERTUNE_ENVIRONMENT": dumps(environment)}},
            )["FunctionArn"]
        answer = session.client("stepfunctions").create_state_machine(
            name=STACK_NAME,
            definition=definition(partition="aws", worker_arn=arns[Role.WORKER], planner_arn=arns[Role.PLANNER]),
            roleArn=role,
            type="STANDARD",
        )
    return Stack(state_machine_arn=answer["stateMachineArn"], bucket=bucket)


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
