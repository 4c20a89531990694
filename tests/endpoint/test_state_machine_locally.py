"""What the state machine on the embedded endpoint does without the command line: mostly wait between retries."""

import json
import time


def test_a_state_machine_that_is_given_no_function_fails_and_says_so(endpoint):
    states = endpoint.new_session().client("stepfunctions")
    execution = states.start_execution(
        stateMachineArn=endpoint.stack.state_machine_arn, input=json.dumps({"request": {"invocations": 3}})
    )["executionArn"]
    while (answer := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.5)
    assert answer["status"] == "FAILED"
    assert "function_arn" in answer["cause"]
