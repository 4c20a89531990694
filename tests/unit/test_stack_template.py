"""The template is plain CloudFormation that a linter has nothing to say about, in any partition."""

import json
import re

import pytest
import yaml
from cfnlint.api import ManualArgs, lint
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from powertune.domain.function import Architecture
from powertune.resources import read
from powertune.workflow.template import MOST_BODY_BYTES, packaged_template, parameter_names

KEYS = {"WorkerKey": "powertune-worker-0.zip", "PlannerKey": "powertune-planner-1.zip"}
SOURCE = read("statemachine", "template.yaml")
PACKAGED = packaged_template(KEYS, Architecture.ARM64, runtime="python3.12")


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as mappings."""


def _function(loader, suffix, node):
    kinds = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: lambda n: loader.construct_sequence(n, True)}
    kinds[yaml.MappingNode] = lambda n: loader.construct_mapping(n, True)
    return {suffix: kinds[type(node)](node)}


_Loader.add_multi_constructor("!", _function)
TEMPLATE = yaml.load(PACKAGED, _Loader)
RESOURCES = TEMPLATE["Resources"]
ROLES = {name: one["Properties"] for name, one in RESOURCES.items() if one["Type"] == "AWS::IAM::Role"}


def properties(kind):
    return [one["Properties"] for one in RESOURCES.values() if one["Type"] == kind]


def statements(role):
    """All statements of a role, those under a condition too."""

    def found(value):
        if isinstance(value, dict):
            if "Sid" in value:
                yield value
            else:
                for inner in value.values():
                    yield from found(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from found(inner)

    return list(found(ROLES[role]["Policies"]))


def actions(statement):
    given = statement["Action"]
    return [given] if isinstance(given, str) else given


def every_statement():
    return [(role, one) for role in ROLES for one in statements(role)]


def said(text, *regions):
    """Errors and warnings, as ``cfn-lint`` gives them by default, for a region of each partition."""
    return lint(text, config=ManualArgs(regions=list(regions or ("us-east-1", "cn-north-1", "us-gov-west-1"))))


@pytest.mark.parametrize("text", [SOURCE, PACKAGED], ids=["template.yaml", "emitted"])
def test_cfn_lint_has_nothing_to_say(text):
    assert [str(match) for match in said(text)] == []


def test_cfn_lint_would_say_what_is_wrong():
    assert said(SOURCE.replace("MemorySize: 512", "MemorySize: 64"), "eu-west-1")


def test_no_partition_and_no_domain_is_written_down():
    for text in (SOURCE, PACKAGED):
        uncommented = "\n".join(line for line in text.splitlines() if "Description:" not in line)
        assert "arn:aws" not in uncommented
    # Service principals are the same in every partition (AWS docs, IAM/latest/UserGuide/
    # reference_policies_elements_principal).
    assert set(re.findall(r"[a-z0-9.]*amazonaws[a-z.]*", PACKAGED)) == {
        "lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com",
    }  # fmt: skip


def test_it_fits_into_a_request_with_room_for_more():
    assert len(PACKAGED.encode()) < MOST_BODY_BYTES - 2_000


def test_it_needs_no_transform_and_no_named_roles():
    assert "Transform" not in TEMPLATE
    assert not [role for role in ROLES.values() if "RoleName" in role]


def test_the_packaged_template_has_the_state_machine_and_the_code():
    machine = RESOURCES["StateMachine"]["Properties"]
    source = json.loads(read("statemachine", "tuning.asl.json"))
    found = json.loads(machine["DefinitionString"])
    assert list(found["States"]) == list(source["States"])
    assert found.get("TimeoutSeconds") == source.get("TimeoutSeconds")
    assert set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"])) == set(machine["DefinitionSubstitutions"])
    defaults = {name: one.get("Default") for name, one in TEMPLATE["Parameters"].items()}
    assert defaults["WorkerKey"] == "powertune-worker-0.zip"
    assert defaults["PlannerKey"] == "powertune-planner-1.zip"
    assert defaults["Runtime"] == "python3.12"
    assert defaults["Architecture"] == "arm64"


def test_an_independent_parser_accepts_the_packaged_state_machine():
    text = RESOURCES["StateMachine"]["Properties"]["DefinitionString"]
    for name, value in {
        "LambdaInvoke": "arn:aws:states:::lambda:invoke",
        "WorkerFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:powertune-worker",
        "PlannerFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:powertune-planner",
    }.items():
        text = text.replace(f"${{{name}}}", value)
    program, _ = AmazonStateLanguageParser.parse(text)
    assert program.start_at.start_at_name == "Preflight"


def test_a_template_that_was_not_packaged_says_so_when_it_runs():
    machine = yaml.load(SOURCE, _Loader)["Resources"]["StateMachine"]["Properties"]
    (state,) = json.loads(machine["DefinitionString"])["States"].values()
    assert state["Type"] == "Fail"


def test_every_parameter_is_used_described_and_known():
    assert parameter_names() == set(TEMPLATE["Parameters"])
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(parameter_names())
    assert all(one["Description"] for one in TEMPLATE["Parameters"].values())


def test_the_results_bucket_is_private_encrypted_kept_for_a_while_and_only_reached_by_tls():
    bucket = RESOURCES["ResultsBucket"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["BucketEncryption"]
    expiring = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    assert [(rule["Prefix"], rule["ExpirationInDays"]) for rule in expiring] == [("runs/", {"Ref": "ResultsDays"})]
    (denial,) = RESOURCES["ResultsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert RESOURCES["ResultsBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_every_function_writes_to_a_log_group_of_the_stack_that_forgets():
    groups = properties("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == {"Ref": "LogDays"} for group in groups)
    assert all("KmsKeyId" in group for group in groups)
    for function in properties("AWS::Lambda::Function"):
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in RESOURCES
        assert "KmsKeyArn" in function
        assert "VpcConfig" in function


def test_every_role_may_be_bounded():
    assert all("PermissionsBoundary" in role for role in ROLES.values())
    assert len(ROLES) == 4


def test_no_statement_allows_an_action_by_a_wildcard():
    allowed = [one for _, one in every_statement() if one["Effect"] == "Allow"]
    assert not [action for one in allowed for action in actions(one) if "*" in action]


def test_every_resource_that_is_a_wildcard_has_its_reason_beside_it():
    lines = [line for line in SOURCE.splitlines() if re.search(r"Resource: [\"']\*[\"']", line)]
    assert len(lines) >= 6
    assert all(re.search(r"\"\*\" # .{15,}", line) for line in lines)


def test_nothing_but_versions_and_aliases_of_targets_is_invoked():
    invoking = [one for one in statements("WorkerRole") if "lambda:InvokeFunction" in actions(one)]
    assert {one["Sid"] for one in invoking} == {"InvokeVersions", "InvokeClones", "Processors"}
    for one in invoking:
        if one["Sid"] != "Processors":
            assert all(text.endswith(":*") for text in arns(one["Resource"])), one["Sid"]
    for role in ("CleanerRole", "PlannerRole"):
        assert not [one for one in statements(role) if "lambda:InvokeFunction" in actions(one)]


def arns(value):
    """The ends of all ARNs that a resource may come to."""
    if isinstance(value, str):
        return [value] if ":" in value else []
    if isinstance(value, dict):
        return [text for inner in value.values() for text in arns(inner) if text != ":*,"]
    return [text for inner in value for text in arns(inner) if text != ":*,"]


@pytest.mark.parametrize("role", ["WorkerRole", "CleanerRole"])
def test_a_function_is_only_ever_deleted_by_a_version(role):
    deleting = {one["Sid"]: one for one in statements(role) if "lambda:DeleteFunction" in actions(one)}
    clones = {"MakeClones", "DeleteClones"}
    assert set(deleting) - clones == {"DeleteVersions", "NeverAFunction", "NeverItself"}
    assert all(text.endswith(":*") for text in arns(deleting["DeleteVersions"]["Resource"]))
    assert deleting["NeverAFunction"]["Effect"] == "Deny"
    assert deleting["NeverAFunction"]["NotResource"][0]["Sub"].endswith(":function:*:*")
    for sid in clones & set(deleting):
        assert deleting[sid]["Resource"]["Sub"].endswith(":function:powertune-clone-*")


def test_the_stack_never_writes_to_its_own_functions():
    for role in ("WorkerRole", "CleanerRole"):
        (denial,) = [one for one in statements(role) if one["Sid"] == "NeverItself"]
        named = {one["Sub"].split(":function:")[1] for one in denial["Resource"]}
        names = {one["FunctionName"]["Sub"] for one in properties("AWS::Lambda::Function")}
        assert named == names | {f"{name}:*" for name in names}


def test_abnormal_ends_of_this_state_machine_alone_reach_the_cleaner():
    (rule,) = properties("AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert rule["EventPattern"]["detail"]["stateMachineArn"] == [{"Ref": "StateMachine"}]
    (permission,) = properties("AWS::Lambda::Permission")
    assert permission["SourceArn"] == {"GetAtt": "AbnormalEnd.Arn"}
