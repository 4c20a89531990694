"""A short walk through a state machine: just what powertune's own definition uses, and nothing silently."""

import copy
import json
import re


def value_at(path, data, context):
    root, rest = (context, path[2:]) if path.startswith("$$") else (data, path[1:])
    for key in [part for part in rest.replace("[0]", ".0").split(".") if part]:
        root = root[int(key)] if isinstance(root, list) else root[key]
    return copy.deepcopy(root)


def filled(template, data, context):
    if isinstance(template, str) and template.startswith("States.StringToJson("):
        return json.loads(value_at(template[len("States.StringToJson(") : -1], data, context))
    if not isinstance(template, dict):
        return template
    return {
        key.removesuffix(".$"): value_at(value, data, context)
        if key.endswith(".$") and value.startswith("$")
        else filled(value, data, context)
        for key, value in template.items()
    }


def placed(data, path, value):
    return value if path == "$" else {**data, path.removeprefix("$."): value}


def holds(rule, data):
    try:
        value = value_at(rule["Variable"], data, {})
    except (KeyError, IndexError):
        return False
    if "IsPresent" in rule:
        return rule["IsPresent"]
    if "StringMatches" in rule:
        # An asterisk stands for any text, and nothing else is special (Amazon States Language, "StringMatches").
        return re.fullmatch(".*".join(map(re.escape, rule["StringMatches"].split("*"))), value, re.DOTALL) is not None
    if "BooleanEquals" in rule:
        return value is rule["BooleanEquals"]
    return value > rule["NumericGreaterThan"]


class Failed(Exception):
    """The execution ended in a Fail state."""


class Walker:
    """Runs a definition; ``invoke(function_name, payload)`` stands for the Lambda tasks."""

    def __init__(self, definition, invoke, *, name="run-1", arn="arn:execution"):
        self.machine = json.loads(definition)
        self.invoke = invoke
        self.context = {"Execution": {"Id": arn, "Name": name}}
        self.entered = []

    def run(self, data):
        return self._walk(self.machine, data)

    def _walk(self, machine, data):
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            self.entered.append(name)
            try:
                data, following = getattr(self, "_" + state["Type"].lower())(state, data)
            except Failed:
                raise
            except Exception as error:
                names = {"States.ALL", type(error).__name__}
                catcher = next((one for one in state.get("Catch", []) if names & set(one["ErrorEquals"])), None)
                if catcher is None:
                    raise
                failure = {"Error": type(error).__name__, "Cause": json.dumps({"errorMessage": str(error)})}
                data, following = placed(data, catcher["ResultPath"], failure), catcher["Next"]
            if following is None:
                return data
            name = following

    def _task(self, state, data):
        parameters = filled(state["Parameters"], data, self.context)
        result = {"Payload": self.invoke(parameters["FunctionName"], parameters["Payload"])}
        if "ResultSelector" in state:
            result = filled(state["ResultSelector"], result, self.context)
        data = placed(data, state.get("ResultPath", "$"), result)
        return value_at(state.get("OutputPath", "$"), data, self.context), state.get("Next")

    def _choice(self, state, data):
        matching = [rule["Next"] for rule in state["Choices"] if holds(rule, data)]
        return data, (matching or [state["Default"]])[0]

    def _wait(self, state, data):
        return data, state["Next"]

    def _pass(self, state, data):
        return filled(state["Parameters"], data, self.context), state["Next"]

    def _fail(self, state, data):
        raise Failed(value_at(state["ErrorPath"], data, {}), value_at(state["CausePath"], data, {}))
