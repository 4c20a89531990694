"""Which IAM permissions each part of powertune needs, as data. Pure: nothing here asks AWS.

`needed_actions` lists what a command will call, for a check beforehand. `statements_for` and `role_statements` give the
statements of a policy, `policy_document` the policy itself. All are written from the calls that the code makes;
tests/unit/test_permissions.py holds both together.

Which resource an action is checked on: AWS's Service Authorization Reference, pages list_awslambda,
list_amazoncloudwatchlogs, list_awsx-ray, list_awsstepfunctions, list_amazons3.
"""

from powertune.permissions.builds import build_statements
from powertune.permissions.features import Feature
from powertune.permissions.modes import Mode, needed_actions, statements_for, what_is_lost
from powertune.permissions.roles import StackRole, role_statements
from powertune.permissions.statement import STACK, Scope, Statement, allows, policy_document

__all__ = [
    "STACK",
    "Feature",
    "Mode",
    "Scope",
    "StackRole",
    "Statement",
    "allows",
    "build_statements",
    "needed_actions",
    "policy_document",
    "role_statements",
    "statements_for",
    "what_is_lost",
]
