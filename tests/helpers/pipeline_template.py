"""statemachine/pipeline.yaml with its parameters filled in as CloudFormation would, without CloudFormation."""

import functools
import json
import re

import yaml
from template_policies import _NOTHING, ACCOUNT, REGION, Template, _Loader

from powertune.resources import read

STACK = "powertune-pipeline-orders"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
CONNECTION = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/abc-1"
CONNECTED = {"FunctionArn": FUNCTION, "ConnectionArn": CONNECTION, "Repository": "acme/orders"}

_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "AWS::CodeBuild::Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{{name}}",
}
_NAMES = ("Name", "LogGroupName")


@functools.cache
def _read(text):
    return yaml.load(text, _Loader)


class Pipeline(Template):
    """The template, with parameters; what is not given has its default."""

    def __init__(self, **parameters):
        self.data = _read(read("statemachine", "pipeline.yaml"))
        self.values = {
            "AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::NoValue": _NOTHING,
            "AWS::StackName": STACK,
        }  # fmt: skip
        unknown = set(parameters) - set(self.data["Parameters"])
        assert not unknown, unknown
        for name, parameter in self.data["Parameters"].items():
            value = str(parameters.get(name, parameter.get("Default", "")))
            assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value), (name, value)
            assert value in map(str, parameter.get("AllowedValues", [value])), (name, value)
            self.values[name] = value

    @property
    def resources(self):
        """Those whose conditions hold, filled in."""
        there = {
            name: one
            for name, one in self.data["Resources"].items()
            if "Condition" not in one or self._condition(one["Condition"])
        }
        return {name: {"Type": one["Type"], **self.filled(one.get("Properties", {}))} for name, one in there.items()}

    def holds(self):
        """Whether the template's rules let the parameters through."""
        return all(self.filled(one["Assert"]) for rule in self.data["Rules"].values() for one in rule["Assertions"])

    def policy(self, role):
        """All statements of a role, as one policy."""
        return one_policy(self.resources[role]["Policies"])

    def stages(self, pipeline):
        """The actions of a pipeline, by stage."""
        return {one["Name"]: one["Actions"] for one in self.resources[pipeline]["Stages"]}

    def action(self, pipeline, name):
        """One action of a pipeline."""
        (found,) = [one for actions in self.stages(pipeline).values() for one in actions if one["Name"] == name]
        return found

    def _name(self, resource):
        properties = self.data["Resources"][resource].get("Properties", {})
        return next((self.filled(properties[key]) for key in _NAMES if key in properties), f"made-{resource.lower()}")

    def _arn(self, resource):
        return _ARNS[self.data["Resources"][resource]["Type"]].format(name=self._name(resource))

    def _ref(self, name):
        if name in self.values:
            return self.values[name]
        return self._arn(name) if self.data["Resources"][name]["Type"] == "AWS::SNS::Topic" else self._name(name)

    def _getatt(self, name):
        resource, _, attribute = name.partition(".")
        return self._arn(resource) if attribute == "Arn" else self._name(resource)

    def _sub(self, given):
        text, names = (given, {}) if isinstance(given, str) else given
        known = {name: self.filled(value) for name, value in names.items()}

        def value(found):
            name = found[1]
            if name in known:
                return known[name]
            return self._getatt(name) if "." in name else self._ref(name)

        return re.sub(r"\$\{([A-Za-z:.]+)\}", value, text)

    def _or(self, given):
        return any(map(self.filled, given))


def one_policy(policies):
    """All statements of a role's policies."""
    return {
        "Version": "2012-10-17",
        "Statement": [one for policy in policies for one in policy["PolicyDocument"]["Statement"]],
    }


def request_of(action):
    """What an action that starts the state machine gives to it, as JSON."""
    configuration = action["Configuration"]
    return json.loads(configuration["Input"] if "Input" in configuration else configuration["UserParameters"])
