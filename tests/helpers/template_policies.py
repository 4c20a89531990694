"""The policies of the roles in statemachine/template.yaml, with its parameters filled in as CloudFormation would."""

import re

import yaml

from powertune.resources import read

ACCOUNT, REGION = "123456789012", "us-east-1"
_NOTHING = object()
ROLES = {
    "worker": "WorkerRole",
    "planner": "PlannerRole",
    "cleaner": "CleanerRole",
    "state-machine": "StateMachineRole",
}


class _Loader(yaml.SafeLoader):
    pass


def _tagged(loader, suffix, node):
    build = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    value = build.get(type(node), loader.construct_mapping)(
        node, **({} if isinstance(node, yaml.ScalarNode) else {"deep": True})
    )
    return {f"!{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)


class Template:
    """The template, with parameters; what is not given has its default."""

    def __init__(self, **parameters):
        self.data = yaml.load(read("statemachine", "template.yaml"), _Loader)
        self.values = {
            "AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::NoValue": _NOTHING,
        }  # fmt: skip
        for name, parameter in self.data["Parameters"].items():
            value = parameters.get(name, parameter.get("Default", ""))
            listed = parameter["Type"] == "CommaDelimitedList" and not isinstance(value, list)
            self.values[name] = str(value).split(",") if listed else value

    def policy(self, role):
        """All statements of a role, as one policy."""
        policies = self.filled(self.data["Resources"][ROLES[role]]["Properties"]["Policies"])
        statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        return {"Version": "2012-10-17", "Statement": statements}

    def filled(self, value):
        if isinstance(value, list):
            return [done for done in map(self.filled, value) if done is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value)).startswith("!"):
            ((tag, given),) = value.items()
            return getattr(self, "_" + tag[1:].lower())(given)
        return {
            key: done for key, done in ((key, self.filled(one)) for key, one in value.items()) if done is not _NOTHING
        }

    def _ref(self, name):
        return self.values[name]

    def _sub(self, given):
        text, names = (given, {}) if isinstance(given, str) else given
        known = {**self.values, **{name: self.filled(value) for name, value in names.items()}}
        return re.sub(r"\$\{([A-Za-z:]+)\}", lambda part: known[part[1]], text)

    def _join(self, given):
        return given[0].join(self.filled(given[1]))

    def _split(self, given):
        return self.filled(given[1]).split(given[0])

    def _select(self, given):
        return self.filled(given[1])[int(given[0])]

    def _if(self, given):
        return self.filled(given[1] if self._condition(given[0]) else given[2])

    def _condition(self, name):
        return self.filled(self.data["Conditions"][name])

    def _equals(self, given):
        return self.filled(given[0]) == self.filled(given[1])

    def _not(self, given):
        return not self.filled(given[0])

    def _and(self, given):
        return all(map(self.filled, given))

    def _getatt(self, name):
        resource = self.data["Resources"][name.removesuffix(".Arn")]
        if resource["Type"] == "AWS::Logs::LogGroup":
            return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.filled(resource['Properties']['LogGroupName'])}:*"
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.filled(resource['Properties']['FunctionName'])}"


def lets(policy, action, resource):
    """Whether a policy lets an action through; conditions are taken as met."""

    def among(patterns):
        patterns = [patterns] if isinstance(patterns, str) else patterns
        return any(re.fullmatch(".*".join(map(re.escape, one.split("*"))), resource) for one in patterns)

    effects = set()
    for one in policy["Statement"]:
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        matches = among(one["Resource"]) if "Resource" in one else not among(one["NotResource"])
        if action in actions and matches:
            effects.add(one["Effect"])
    return effects == {"Allow"}


def actions_in(policy):
    """All that it allows somewhere."""
    allowing = (one["Action"] for one in policy["Statement"] if one["Effect"] == "Allow")
    return {action for given in allowing for action in ([given] if isinstance(given, str) else given)}
