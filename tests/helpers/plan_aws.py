"""The fake AWS with what a plan reads besides: the account, IAM, event sources."""

from fake_aws import ACCOUNT, FakeAws, refusal

CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/Deployer"
WRITES = (
    "create_alias", "update_alias", "delete_alias", "publish_version", "delete_function", "invoke", "put_object",
    "update_function_configuration", "create_function", "start_query", "start_execution",
)  # fmt: skip


class PlanAws(FakeAws):
    """``denied`` operations are refused; ``missing`` actions are not allowed in IAM's simulation."""

    def __init__(self, *, denied=(), missing=(), **more):
        super().__init__(**more)
        self.denied, self.missing = denied, missing
        self.caller = CALLER
        self.simulated = []
        self.sources = []
        self.provisioned = 0
        self.signed = False
        self.runtime_updates = "Auto"
        self.trusts = ["lambda.amazonaws.com"]
        self.account = {
            "AccountLimit": {
                "TotalCodeSize": 80_000_000_000,
                "ConcurrentExecutions": 1_000,
                "UnreservedConcurrentExecutions": 900,
            },
            "AccountUsage": {"TotalCodeSize": 79_000_000_000, "FunctionCount": 7},
        }
        self.latest.update(CodeSize=5_000_000, Role=f"arn:aws:iam::{ACCOUNT}:role/service-role/orders-role")

    def call(self, service, operation, arguments):
        if operation in self.denied:
            raise refusal(operation, "AccessDeniedException", f"not authorized to perform {operation}", 403)
        return super().call(service, operation, arguments)

    @property
    def written(self):
        return [call for call in self.log if call.partition(":")[2] in WRITES]

    def get_account_settings(self):
        return self.account

    def list_event_source_mappings(self, FunctionName):
        return {"EventSourceMappings": self.sources}

    def list_provisioned_concurrency_configs(self, FunctionName):
        configs = [{"RequestedProvisionedConcurrentExecutions": self.provisioned}] if self.provisioned else []
        return {"ProvisionedConcurrencyConfigs": configs}

    def get_runtime_management_config(self, FunctionName):
        return {"UpdateRuntimeOn": self.runtime_updates, "FunctionArn": FunctionName}

    def get_function_code_signing_config(self, FunctionName):
        return {"CodeSigningConfigArn": "arn:aws:lambda:us-east-1:1:code-signing-config:csc-1"} if self.signed else {}

    def get_caller_identity(self):
        return {"Arn": self.caller, "Account": ACCOUNT}

    def get_role(self, RoleName):
        arn = ROLE if RoleName == "Deployer" else f"arn:aws:iam::{ACCOUNT}:role/{RoleName}"
        trust = {"Statement": [{"Principal": {"Service": self.trusts}, "Action": "sts:AssumeRole"}]}
        return {"Role": {"Arn": arn, "AssumeRolePolicyDocument": trust}}

    def simulate_principal_policy(self, PolicySourceArn, ActionNames, ResourceArns, Marker=None):
        """A page of two results at a time (AWS docs, IAM/latest/APIReference/API_SimulatePrincipalPolicy)."""
        if "assumed-role" in PolicySourceArn:
            raise refusal("SimulatePrincipalPolicy", "InvalidInput", "not a user, group or role")
        start = int(Marker or 0)
        page = ActionNames[start : start + 2]
        self.simulated.append((PolicySourceArn, tuple(page), tuple(ResourceArns)))
        results = [
            {"EvalActionName": one, "EvalDecision": "implicitDeny" if one in self.missing else "allowed"}
            for one in page
        ]
        more = {"IsTruncated": True, "Marker": str(start + 2)} if len(ActionNames) > start + 2 else {}
        return {"EvaluationResults": results, **more}
