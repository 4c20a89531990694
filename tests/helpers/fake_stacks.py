"""CloudFormation, S3, STS and Step Functions as far as a deployment needs them, with failures on demand.

Behaviour that matters here, and its source (AWS docs, AWSCloudFormation/latest): a change set without changes is FAILED
with "The submitted information didn't contain changes" (APIReference/API_DescribeChangeSet); one of type CREATE makes a
stack in REVIEW_IN_PROGRESS; a creation that fails ends in ROLLBACK_COMPLETE, from where a stack can only be deleted
(UserGuide/stack-failure-options); DescribeStacks of a name that is not there is a ValidationError; a bucket that is
not empty is not deleted (AmazonS3/latest/API/API_DeleteBucket).
"""

import itertools
from collections import Counter
from types import SimpleNamespace

from botocore.exceptions import ClientError
from fake_aws import refusal

ACCOUNT = "123456789012"
REGION = "eu-west-1"
NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."
ADD_ALL = [
    ("Add", "ResultsBucket", "AWS::S3::Bucket", None),
    ("Add", "StateMachine", "AWS::StepFunctions::StateMachine", None),
]


class FakeStacks:
    """Session, clients and state in one."""

    region = REGION

    def __init__(self, *, partition="aws"):
        self.partition = partition
        self.stacks = {}
        self.change_sets = {}
        self.requests = []
        self.buckets = {}
        self.running = []
        self.denied = set()
        self.changes = ADD_ALL
        self.change_set_failure = None
        self.failures = []  # (logical id, kind, reason) of the next operation, the first first
        self.ends = {}  # the status in which an operation ends, by operation
        self.calls = Counter()
        self._ids = itertools.count(1)

    # --- what tests set up ---

    def stack(self, name="powertune", status="CREATE_COMPLETE", **parameters):
        arn = f"arn:{self.partition}:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{next(self._ids)}"
        outputs = {"StateMachineArn": f"arn:{self.partition}:states:{REGION}:{ACCOUNT}:stateMachine:{name}"}
        outputs["ResultsBucket"] = f"{name}-{ACCOUNT}-{REGION}"
        stack = {"name": name, "id": arn, "status": status, "parameters": parameters, "outputs": outputs}
        self.stacks[arn] = {**stack, "events": [], "next": [], "reason": ""}
        return self.stacks[arn]

    def bucket(self, name, *keys, owner=ACCOUNT, **tags):
        self.buckets[name] = {"owner": owner, "objects": dict.fromkeys(keys, b""), "tags": tags}

    # --- the session ---

    def client(self, service):
        part = {"cloudformation": _CloudFormation, "s3": _S3, "sts": _Sts, "stepfunctions": _States}[service]
        return _Counting(part(self), self, service)


class _Counting:
    def __init__(self, part, fake, service):
        self._part, self._fake, self._service = part, fake, service

    def __getattr__(self, name):
        operation = "".join(word.capitalize() for word in name.split("_"))

        def call(**arguments):
            self._fake.calls[f"{self._service}:{operation}"] += 1
            if operation in self._fake.denied:
                raise refusal(operation, "AccessDenied", f"User is not authorized to perform: {operation}")
            return getattr(self._part, name)(**arguments)

        def pages(operation_name):
            return SimpleNamespace(paginate=lambda **arguments: [getattr(self, operation_name)(**arguments)])

        return pages if name == "get_paginator" else call


class _Part:
    def __init__(self, fake):
        self.fake = fake


class _Sts(_Part):
    def get_caller_identity(self):
        return {"Account": ACCOUNT, "Arn": f"arn:{self.fake.partition}:sts::{ACCOUNT}:assumed-role/admin/me"}


class _States(_Part):
    def list_executions(self, stateMachineArn, statusFilter):
        return {"executions": [{"name": name} for name in self.fake.running]}


class _CloudFormation(_Part):
    def _find(self, name):
        found = [s for s in self.fake.stacks.values() if name in (s["name"], s["id"])]
        alive = [s for s in found if s["status"] != "DELETE_COMPLETE"]
        if not alive and not (found and name.startswith("arn:")):
            raise refusal("DescribeStacks", "ValidationError", f"Stack with id {name} does not exist")
        return (alive or found)[-1]

    def describe_stacks(self, StackName):
        stack = self._find(StackName)
        if stack["next"]:
            stack["status"] = stack["next"].pop(0)
        parameters = [{"ParameterKey": k, "ParameterValue": v} for k, v in stack["parameters"].items()]
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in stack["outputs"].items()]
        return {
            "Stacks": [
                {
                    "StackName": stack["name"],
                    "StackId": stack["id"],
                    "StackStatus": stack["status"],
                    "StackStatusReason": stack["reason"],
                    "Parameters": parameters,
                    "Outputs": outputs,
                }
            ]
        }

    def describe_stack_events(self, StackName):
        return {"StackEvents": list(reversed(self._find(StackName)["events"]))}

    def _event(self, stack, logical_id, kind, status, reason=""):
        event = {"EventId": f"e{next(self.fake._ids)}", "LogicalResourceId": logical_id, "ResourceType": kind}
        stack["events"].append({**event, "ResourceStatus": status, "ResourceStatusReason": reason})

    def create_change_set(self, **request):
        self.fake.requests.append(request)
        try:
            stack = self._find(request["StackName"])
        except ClientError:
            assert request["ChangeSetType"] == "CREATE"
            stack = self.fake.stack(request["StackName"], "REVIEW_IN_PROGRESS")
        assert (request["ChangeSetType"] == "CREATE") == (stack["status"] == "REVIEW_IN_PROGRESS")
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{request['ChangeSetName']}/1"
        self.fake.change_sets[arn] = {"stack": stack, "looks": 0, "request": request}
        return {"Id": arn, "StackId": stack["id"]}

    def describe_change_set(self, ChangeSetName, NextToken=None):
        change_set = self.fake.change_sets[ChangeSetName]
        change_set["looks"] += 1
        if change_set["looks"] == 1:
            return {"Status": "CREATE_IN_PROGRESS"}
        if self.fake.change_set_failure is not None:
            return {"Status": "FAILED", "StatusReason": self.fake.change_set_failure}
        first = int(NextToken or 0)
        part = self.fake.changes[first : first + 1]
        changes = [
            {"ResourceChange": {"Action": action, "LogicalResourceId": name, "ResourceType": kind, "Replacement": how}}
            for action, name, kind, how in part
        ]
        more = {"NextToken": str(first + 1)} if first + 1 < len(self.fake.changes) else {}
        return {"Status": "CREATE_COMPLETE", "ChangeSetId": ChangeSetName, "Changes": changes, **more}

    def delete_change_set(self, ChangeSetName):
        del self.fake.change_sets[ChangeSetName]

    def execute_change_set(self, ChangeSetName):
        change_set = self.fake.change_sets.pop(ChangeSetName)
        stack = change_set["stack"]
        verb = "CREATE" if stack["status"] == "REVIEW_IN_PROGRESS" else "UPDATE"
        self._event(stack, stack["name"], "AWS::CloudFormation::Stack", f"{verb}_IN_PROGRESS")
        for name, kind, reason in self.fake.failures:
            self._event(stack, name, kind, f"{verb}_FAILED", reason)
        failed = "ROLLBACK_COMPLETE" if verb == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
        end = self.fake.ends.get("execute", failed if self.fake.failures else f"{verb}_COMPLETE")
        stack["next"] = [f"{verb}_IN_PROGRESS", f"{verb}_IN_PROGRESS", end]
        for given in change_set["request"]["Parameters"]:
            if "ParameterValue" in given:
                stack["parameters"][given["ParameterKey"]] = given["ParameterValue"]

    def delete_stack(self, StackName):
        stack = self._find(StackName)
        self._event(stack, stack["name"], "AWS::CloudFormation::Stack", "DELETE_IN_PROGRESS")
        for name, kind, reason in self.fake.failures:
            self._event(stack, name, kind, "DELETE_FAILED", reason)
        end = "DELETE_FAILED" if self.fake.failures else "DELETE_COMPLETE"
        stack["next"] = [] if stack["status"] == "REVIEW_IN_PROGRESS" else ["DELETE_IN_PROGRESS", end]
        if not stack["next"]:
            stack["status"] = "DELETE_COMPLETE"


class _S3(_Part):
    def _own(self, operation, bucket, owner=None):
        found = self.fake.buckets.get(bucket)
        if found is None:
            raise refusal(operation, "404" if operation == "HeadBucket" else "NoSuchBucket")
        if owner is not None and found["owner"] != owner:
            raise refusal(operation, "403" if operation == "HeadBucket" else "AccessDenied")
        return found

    def head_bucket(self, Bucket, ExpectedBucketOwner):
        self._own("HeadBucket", Bucket, ExpectedBucketOwner)
        return {}

    def create_bucket(self, Bucket, CreateBucketConfiguration):
        assert CreateBucketConfiguration == {"LocationConstraint": REGION}
        self.fake.bucket(Bucket)

    def put_bucket_tagging(self, Bucket, Tagging, ExpectedBucketOwner):
        tags = {tag["Key"]: tag["Value"] for tag in Tagging["TagSet"]}
        self._own("PutBucketTagging", Bucket, ExpectedBucketOwner)["tags"] = tags

    def get_bucket_tagging(self, Bucket, ExpectedBucketOwner):
        tags = self._own("GetBucketTagging", Bucket, ExpectedBucketOwner)["tags"]
        if not tags:
            raise refusal("GetBucketTagging", "NoSuchTagSet")
        return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def put_public_access_block(self, Bucket, PublicAccessBlockConfiguration, ExpectedBucketOwner):
        assert all(PublicAccessBlockConfiguration.values())
        self._own("PutPublicAccessBlock", Bucket, ExpectedBucketOwner)["private"] = True

    def put_bucket_encryption(self, Bucket, ServerSideEncryptionConfiguration, ExpectedBucketOwner):
        self._own("PutBucketEncryption", Bucket, ExpectedBucketOwner)["encrypted"] = True

    def head_object(self, Bucket, Key, ExpectedBucketOwner):
        if Key not in self._own("HeadObject", Bucket, ExpectedBucketOwner)["objects"]:
            raise refusal("HeadObject", "404")
        return {}

    def put_object(self, Bucket, Key, Body, ExpectedBucketOwner):
        self._own("PutObject", Bucket, ExpectedBucketOwner)["objects"][Key] = Body

    def list_objects_v2(self, Bucket):
        return {"Contents": [{"Key": key} for key in self._own("ListObjectsV2", Bucket)["objects"]]}

    def delete_objects(self, Bucket, Delete):
        for item in Delete["Objects"]:
            self._own("DeleteObjects", Bucket)["objects"].pop(item["Key"], None)
        return {}

    def delete_bucket(self, Bucket, ExpectedBucketOwner):
        if self._own("DeleteBucket", Bucket, ExpectedBucketOwner)["objects"]:
            raise refusal("DeleteBucket", "BucketNotEmpty")
        del self.fake.buckets[Bucket]
