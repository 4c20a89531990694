"""A fake Lambda that is as strict as AWS where the embedded endpoint is not, and as unhelpful as AWS may be.

* PublishVersion holds for the revision and the code that it names (AWS docs, lambda/latest/api/API_PublishVersion):
  another RevisionId is a PreconditionFailedException, another CodeSha256 an InvalidParameterValueException.
* A version is Pending for a while, and an update in progress refuses PublishVersion and UpdateFunctionConfiguration
  with a ResourceConflictException (lambda/latest/dg/functions-states).
* AWS does not say whether the RevisionId changes when an update settles, or when a version is published. Here it may
  do either, so that nothing depends on it.
* A listing may be older than the last write: the provider of Terraform found that of ListVersionsByFunction
  (github.com/hashicorp/terraform-provider-aws, pull request 14578).
"""

import copy

from fake_aws import FakeAws, refusal


class StrictAws(FakeAws):
    """``revises`` names when the RevisionId changes besides at an update: "settled", "published"; ``pending`` is how
    many looks at a new version find it Pending; ``stale`` is how many writes a listing lags behind.
    """

    role = None

    def __init__(self, *, revises=(), pending=0, stale=0, **more):
        self.revises = frozenset(revises)
        self.pending = pending
        self.stale = stale
        self._looks = {}
        self._past = []
        super().__init__(**more)

    def reaching(self, **_):
        return self

    def call(self, service, operation, arguments):
        with self._lock:
            if operation.startswith(("create", "update", "delete", "publish")):
                self._past.append(copy.deepcopy((self.aliases, self.versions)))
        return super().call(service, operation, arguments)

    def get_function_configuration(self, FunctionName, Qualifier=None):
        updating = self.latest["LastUpdateStatus"] == "InProgress"
        found = super().get_function_configuration(FunctionName, Qualifier)
        if Qualifier is None and updating and found["LastUpdateStatus"] != "InProgress" and "settled" in self.revises:
            self._revise()
            found["RevisionId"] = self.latest["RevisionId"]
        if self._looks.get(found["Version"], 0):
            self._looks[found["Version"]] -= 1
            found["State"] = "Pending"
        return found

    def publish_version(self, FunctionName, CodeSha256=None, RevisionId=None, Description=""):
        if CodeSha256 not in (None, self.latest["CodeSha256"]):
            text = f"CodeSHA256 ({CodeSha256}) is different from current CodeSHA256 in $LATEST"
            raise refusal("PublishVersion", "InvalidParameterValueException", text)
        published = super().publish_version(FunctionName, CodeSha256, RevisionId, Description)
        self._looks.setdefault(published["Version"], self.pending)
        if "published" in self.revises:
            self._revise()
            self._published_from = self.latest["RevisionId"]
        return published

    def create_alias(self, FunctionName, Name, FunctionVersion, Description=""):
        if self._looks.get(FunctionVersion):
            raise refusal("CreateAlias", "ResourceConflictException", "The version is pending", 409)
        return super().create_alias(FunctionName, Name, FunctionVersion, Description)

    def _listed(self):
        """Aliases and versions as a listing shows them."""
        at = len(self._past) - self.stale
        return self._past[at] if self.stale and at >= 0 else (self.aliases, self.versions)

    def list_aliases(self, FunctionName):
        return [{"Aliases": [alias]} for alias in copy.deepcopy(list(self._listed()[0].values()))]

    def list_versions_by_function(self, FunctionName):
        return [{"Versions": [one]} for one in copy.deepcopy([self.latest, *self._listed()[1].values()])]
