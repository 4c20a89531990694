"""An AWS account in memory in which functions can be made and deleted: the target, and what a run makes beside it.

Behaviour that matters here, and its source: CreateFunction refuses a name that is taken and answers while the function
is still Pending (AWS docs, lambda/latest/dg/functions-states); DeleteFunction without a qualifier deletes all versions
and aliases (lambda/latest/api/API_DeleteFunction); the name of a log stream in a custom group has the function's name
in it (lambda/latest/dg/monitoring-cloudwatchlogs-loggroups). What CreateFunction takes is checked by botocore's model.
"""

import base64
import copy
import functools
import hashlib
import io
import zipfile

import botocore.session
from botocore.validate import ParamValidator
from fake_aws import ACCOUNT, ARN, NAME, REGION, FakeAws, refusal

from powertune.target import cloning, function_code

WRITES = frozenset(
    {
        "update_function_configuration",
        "update_function_code",
        "publish_version",
        "create_alias",
        "update_alias",
        "delete_alias",
        "delete_function",
        "tag_resource",
        "untag_resource",
        "put_function_concurrency",
    }
)


@functools.cache
def _create_function_shape():
    return botocore.session.get_session().get_service_model("lambda").operation_model("CreateFunction").input_shape


def package(**files):
    """A zip package with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (files or {"app.py": b"def handler(event, context): ...\n"}).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def sha256(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


class FakeAccount(FakeAws):
    """The strict fake with other functions beside the target; ``written`` are the writes to the target itself."""

    def __init__(self, *, code=None, **more):
        super().__init__(**more)
        self.code = package() if code is None else code
        self.latest.update(
            Role=f"arn:aws:iam::{ACCOUNT}:role/orders",
            CodeSha256=sha256(self.code),
            PackageType="Zip",
            Environment={"Variables": {"TABLE": "orders"}},
            LoggingConfig={"LogFormat": "Text", "LogGroup": f"/aws/lambda/{NAME}"},
        )
        self.made = {}  # functions that were made, by name
        self.tags = {}  # of those
        self.created = []  # what CreateFunction was given
        self.written = []
        self.signing = None
        self.layers = {}  # by ARN
        self.duration_on = {}  # by instruction set

    def performed(self, operation, arguments):
        name = str(arguments.get("FunctionName") or arguments.get("Resource") or "").rpartition(":")[2]
        own = getattr(FakeAccount, operation, None) is not getattr(FakeAws, operation, None)
        if own:
            return super().performed(operation, arguments)
        if name in self.made:
            if operation == "delete_function" and "Qualifier" not in arguments:
                del self.made[name], self.tags[name]
                return None
            return self.made[name].performed(operation, {**arguments, "FunctionName": ARN})
        if name.startswith("powertune-"):
            raise refusal(operation, "ResourceNotFoundException", f"Function not found: {name}", 404)
        if operation in WRITES:
            self.written.append(operation)
        return super().performed(operation, arguments)

    def get_function(self, FunctionName):
        assert FunctionName == ARN
        image = self.latest["PackageType"] == "Image"
        code = {"ImageUri": "r/orders:live", "ResolvedImageUri": "r/orders@sha256:0ff"} if image else {}
        return {
            "Configuration": copy.deepcopy(self.latest),
            "Code": code or {"RepositoryType": "S3", "Location": "https://code.example/orders"},
            "Tags": {},
        }

    def get_function_code_signing_config(self, FunctionName):
        return {"FunctionName": FunctionName, **({"CodeSigningConfigArn": self.signing} if self.signing else {})}

    def get_layer_version_by_arn(self, Arn):
        return self.layers[Arn]

    def create_function(self, **given):
        report = ParamValidator().validate(given, _create_function_shape())
        assert not report.has_errors(), report.generate_report()
        name = given["FunctionName"]
        if name in self.made or name == NAME:
            raise refusal("CreateFunction", "ResourceConflictException", f"Function already exist: {name}", 409)
        architecture = given["Architectures"][0]
        made = FakeAws(duration_ms=self.duration_on.get(architecture, self.duration_ms))
        made.serial, made.answer = len(self.created) + 1, self.answer
        kept = {key: value for key, value in given.items() if key not in ("Code", "Tags", "Publish")}
        made.latest.update(
            copy.deepcopy(kept),
            FunctionArn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            CodeSha256=sha256(given["Code"]["ZipFile"]) if "ZipFile" in given["Code"] else self.latest["CodeSha256"],
            State="Pending",
            Layers=[{"Arn": arn, "CodeSize": 1} for arn in given.get("Layers", ())],
        )
        made._pending_reads, made.pending_state = 2, True
        self.made[name], self.tags[name] = _Pending.of(made), dict(given.get("Tags", {}))
        self.created.append(given)
        return copy.deepcopy(made.latest)

    def list_functions(self):
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
        return [{"Functions": [{"FunctionName": name, "FunctionArn": arn + name}]} for name in (NAME, *self.made)]

    def list_tags(self, Resource):
        name = Resource.rpartition(":")[2]
        if name == NAME:
            return {"Tags": {}}
        if name not in self.tags:
            raise refusal("ListTags", "ResourceNotFoundException", f"Function not found: {name}", 404)
        return {"Tags": dict(self.tags[name])}

    def get_query_results(self, queryId):
        answer = super().get_query_results(queryId)
        for name, made in self.made.items():
            for row in made.get_query_results(queryId)["results"]:
                for field in row:
                    if field["field"] == "@logStream":
                        field["value"] = field["value"].replace("/[", f"/{name}[").replace("]", "][", 1) + "]"
                answer["results"].append(row)
        return answer

    def batch_get_traces(self, TraceIds):
        answer = super().batch_get_traces(TraceIds)
        for trace in answer["Traces"]:
            for segment in trace["Segments"]:
                segment["Document"] = segment["Document"].replace(f'"{NAME}"', f'"{next(iter(self.made), NAME)}"')
        return answer

    def serve_code(self, monkeypatch):
        for module in (cloning, function_code):
            monkeypatch.setattr(module, "download", self.download)

    def download(self, url, *, what, sha256, most_bytes):
        """In place of `powertune.aws.download.download`."""
        content = self.code if url.endswith("/orders") else self.layers[url]
        return io.BytesIO(content)


class _Pending(FakeAws):
    """A function that is Pending for its first reads."""

    @classmethod
    def of(cls, made):
        made.__class__ = cls
        return made

    def get_function_configuration(self, FunctionName, Qualifier=None):
        found = super().get_function_configuration(FunctionName, Qualifier)
        if Qualifier is None and not self._pending_reads:
            self.latest["State"] = "Active"
        return found
