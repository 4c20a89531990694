"""The fake account with IAM, directly and with the state machine on it."""

from fake_account import FakeAccount
from fake_aws import ACCOUNT, REGION
from policed_aws import PolicedAws, PolicedStack


class PolicedAccount(PolicedAws, FakeAccount):
    """The account with IAM: what CreateFunction needs beside itself is checked too."""

    def check(self, action, resource):
        # IAM's name for the call that takes a layer's ARN (Service Authorization Reference, AWS Lambda).
        super().check("lambda:GetLayerVersion" if action == "lambda:GetLayerVersionByArn" else action, resource)

    def _resource(self, service, operation, given):
        if operation == "create_function":
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{given['FunctionName']}"
            self.check("lambda:TagResource", arn)
            self.check("iam:PassRole", given["Role"])
            for layer in given.get("Layers", ()):
                self.check("lambda:GetLayerVersion", layer)
            return arn
        if operation == "list_functions":
            return "*"
        if operation == "get_layer_version_by_arn":
            return given["Arn"]
        if operation == "list_tags":
            return given["Resource"]
        return super()._resource(service, operation, given)


class PolicedStackAccount(PolicedStack, PolicedAccount):
    """The same with the state machine on it."""
