"""What the fault harness found (docs/faults.md), each as the smallest case of it."""

from types import SimpleNamespace

from fake_aws import ARN, FakeAws, refusal

from powertune.target.lease import LEASE_ALIAS
from powertune.workflow import tasks

RUN_ID = "20261124T120000-abc123"


class Aws(FakeAws):
    """One that a session reaches through no role."""

    role = None

    def reaching(self, **_):
        return self


def test_a_bucket_that_cannot_be_written_to_does_not_keep_a_task_from_restoring(monkeypatch):
    aws = Aws()
    before = aws.visible()
    record = f'{{"powertune":"{RUN_ID}","memory_mb":512,"set_mb":[512,1024],"since_ms":1,"until_ms":1890000000000}}'
    aws.create_alias(ARN, LEASE_ALIAS, "$LATEST", record)
    aws.latest["MemorySize"] = 1024

    def denied(number, service, operation, when):
        if service == "s3" and operation == "put_object":
            raise refusal("PutObject", "AccessDenied", status=403)

    aws.fault = denied
    monkeypatch.setenv("POWERTUNE_BUCKET", "bucket")
    monkeypatch.setattr(tasks, "_session", lambda: aws)
    context = SimpleNamespace(memory_limit_in_mb="512", get_remaining_time_in_millis=lambda: 900_000)
    event = {"step": "restore", "input": {"request": {"function_arn": ARN}}, "execution": f"arn:x:{RUN_ID}"}
    answer = tasks.handler({**event, "name": RUN_ID}, context)
    assert answer["restored"]
    assert aws.visible() == before
