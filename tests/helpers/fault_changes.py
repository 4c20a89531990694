"""Another client changes the function while a run goes on: what it changes, and what must then be there at the end.

Each change is made with the API's own calls, settled before it returns. It gives back which differences from before
belong to it, as beginnings of paths in `fault_lane.Lane.visible`, and what must be at which path.
"""

import io
import zipfile

OTHERS = (
    "memory-changed", "environment-changed", "code-changed", "concurrency-changed", "alias-moved", "alias-deleted",
    "version-published", "version-adopted",
)  # fmt: skip
OTHERS_MB = 1024  # no memory size of any run here
_WORD = "by somebody else"


def make(lane, name, kind):
    """Change the function: (paths that may differ, what must be at which path)."""
    return globals()["_" + kind.replace("-", "_")](lane, name)


def _memory_changed(lane, name):
    lane.change(name, MemorySize=OTHERS_MB)
    return ["configuration.MemorySize"], {"configuration.MemorySize": OTHERS_MB}


def _environment_changed(lane, name):
    lane.change(name, Environment={"Variables": {"STAGE": _WORD}})
    return ["configuration.Environment."], {"configuration.Environment.Variables.STAGE": _WORD}


def _code_changed(lane, name):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", f"def handler(event, context):\n    return '{_WORD}'\n")
    lane.settled(name)
    lane.functions.update_function_code(FunctionName=name, ZipFile=code.getvalue())
    found = lane.settled(name)
    return ["configuration.CodeS"], {"configuration.CodeSha256": found["CodeSha256"]}


def _concurrency_changed(lane, name):
    lane.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=7)
    return ["concurrency."], {"concurrency.ReservedConcurrentExecutions": 7}


def _alias_moved(lane, name):
    lane.functions.update_alias(FunctionName=name, Name="RAM512", FunctionVersion="1")
    return ["aliases.RAM512."], {"aliases.RAM512.FunctionVersion": "1"}


def _alias_deleted(lane, name):
    lane.functions.delete_alias(FunctionName=name, Name="powertune-mine")
    return ["aliases.powertune-mine"], {"aliases.powertune-mine": None}


def _version_published(lane, name):
    """A version of ``$LATEST`` as it is at that moment, which may be a test size; and an alias for it."""
    lane.settled(name)
    version = lane.functions.publish_version(FunctionName=name, Description=_WORD)["Version"]
    lane.settled(name, version)
    lane.functions.create_alias(FunctionName=name, Name="hotfix", FunctionVersion=version)
    return [f"versions.{version}", "aliases.hotfix"], {"aliases.hotfix.FunctionVersion": version}


def _version_adopted(lane, name):
    """An alias for the newest version that there is, which may be the run's."""
    numbers = [one["Version"] for one in lane.functions.list_versions_by_function(FunctionName=name)["Versions"]]
    newest = max((number for number in numbers if number.isdigit()), key=int)
    lane.functions.create_alias(FunctionName=name, Name="adopted", FunctionVersion=newest, Description=_WORD)
    return [f"versions.{newest}", "aliases.adopted"], {"aliases.adopted.FunctionVersion": newest}


def lost(after, wanted):
    """What is no longer as the other client left it: a sentence for each."""
    found = []
    for path, value in wanted.items():
        present = after
        for key in path.split("."):
            present = (present or {}).get(key)
        if present != value:
            found.append(f"somebody else's change is gone: {path} is {present}, not {value}")
    return found
