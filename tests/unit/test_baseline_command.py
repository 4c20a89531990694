"""`powertune baseline`: results set, shown and listed as what checks compare with."""

import contextlib
import io
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import checks
import pytest
from fake_aws import refusal

from powertune.cli.main import main
from powertune.domain.baselines import baseline_of
from powertune.domain.check import Baseline
from powertune.wire import dumps, loads

ARN = checks.ARN
KEY = "baselines/123456789012/eu-central-1/orders"


@dataclass(frozen=True, slots=True)
class Told:
    code: Any
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Bucket:
    """S3 and STS of an account; a bucket of somebody else's is refused where its owner is asked for."""

    region = "eu-central-1"

    def __init__(self):
        self.objects = {}
        self.buckets = {"powertune-123456789012-eu-central-1": "123456789012", "my-bucket": "999999999999"}

    def client(self, service):
        return self

    def get_caller_identity(self):
        return {"Account": "123456789012"}

    def _allowed(self, operation, bucket, owner):
        if bucket not in self.buckets:
            raise refusal(operation, "NoSuchBucket", "The specified bucket does not exist", 404)
        if owner is not None and self.buckets[bucket] != owner:
            raise refusal(operation, "AccessDenied", "Access Denied", 403)

    def put_object(self, Bucket, Key, Body, ExpectedBucketOwner=None):
        self._allowed("PutObject", Bucket, ExpectedBucketOwner)
        self.objects[f"{Bucket}/{Key}"] = Body

    def get_object(self, Bucket, Key, ExpectedBucketOwner=None):
        self._allowed("GetObject", Bucket, ExpectedBucketOwner)
        if f"{Bucket}/{Key}" not in self.objects:
            raise refusal("GetObject", "NoSuchKey", "no such key", 404)
        return {"Body": io.BytesIO(self.objects[f"{Bucket}/{Key}"])}

    def get_paginator(self, operation):
        return self

    def paginate(self, Bucket, Prefix, ExpectedBucketOwner=None):
        self._allowed("ListObjectsV2", Bucket, ExpectedBucketOwner)
        found = sorted(key.removeprefix(f"{Bucket}/") for key in self.objects if key.startswith(f"{Bucket}/{Prefix}"))
        return [{"Contents": [{"Key": key} for key in found]}]


@pytest.fixture
def bucket(monkeypatch):
    found = Bucket()

    def session(*, region, profile):
        found.asked = region
        return found

    monkeypatch.setattr("powertune.aws.session.AwsSession", session)
    monkeypatch.delenv("POWERTUNE_NAME_PREFIX", raising=False)
    return found


@pytest.fixture
def powertune(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        return Told(ended.value.code, out, err)

    return run


@pytest.fixture
def same(powertune):
    Path("same.json").write_text(dumps(checks.same()), encoding="utf-8")
    return "same.json"


def test_the_baseline_of_a_checked_alias_is_kept_for_that_alias(powertune, same):
    told = powertune("baseline", "set", same)
    path = Path("powertune-baselines") / f"{KEY}@staging.json"
    assert (told.code, told.err) == (0, "")
    assert told.out == f"The run 20261124-113402-7f3a is the baseline of orders:staging from now on: {path}\n"
    assert loads(path.read_text(), Baseline) == baseline_of(checks.same())


def test_what_was_checked_can_become_the_baseline_of_another_alias_of_the_same_function(powertune, same):
    told = powertune("baseline", "set", same, "--qualifier", "live", "--json")
    assert (told.json["qualifier"], told.json["function_arn"]) == ("live", ARN)
    kept = loads((Path("powertune-baselines") / f"{KEY}@live.json").read_text(), Baseline)
    assert (kept.function.qualifier, kept.function.version) == ("live", "8")
    assert powertune("baseline", "set", same, "--qualifier", "$LATEST").code == 0
    assert (Path("powertune-baselines") / f"{KEY}.json").is_file()


def test_a_baseline_can_be_set_from_a_baseline(powertune, same):
    powertune("baseline", "set", same)
    told = powertune("baseline", "set", f"powertune-baselines/{KEY}@staging.json", "--qualifier", "live", "--to", "p")
    assert told.code == 0
    assert Path(f"p/{KEY}@live.json").is_file()


def test_a_tuning_is_the_baseline_of_the_function_at_every_size_that_it_measured(powertune, make_result):
    Path("tuning.json").write_text(dumps(make_result()), encoding="utf-8")
    told = powertune("baseline", "set", "tuning.json", "--json")
    assert told.json["memory_sizes_mb"] == [256, 512, 1024, 1769, 3008]
    assert told.json["qualifier"] is None
    shown = powertune("baseline", "show", "--function-arn", told.json["function_arn"])
    assert "a version of its own run" in shown.out
    assert "3,008 MB" in shown.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "neither a powertune baseline nor a result.json"),
        ('{"schema_version": 6}', "is not a whole powertune result"),
        ('{"baseline_schema": 1, "run_id": "x"}', "is not a whole powertune baseline"),
        ("", "is empty"),
        ('<!doctype html><meta name="generator" content="powertune 1">', "is the page of a run"),
    ],
)
def test_what_is_no_result_is_refused(powertune, text, said):
    Path("other.json").write_text(text, encoding="utf-8")
    told = powertune("baseline", "set", "other.json")
    assert told.code == 2
    assert said in told.err
    assert not Path("powertune-baselines").exists()


def test_a_baseline_of_something_that_is_no_function_is_refused(powertune):
    data = json.loads(dumps(baseline_of(checks.same())))
    data["function"]["arn"] = "../../../../etc/passwd"
    Path("evil.json").write_text(json.dumps(data))
    told = powertune("baseline", "set", "evil.json")
    assert told.code == 2
    assert "is of no function" in told.err or "not a whole powertune baseline" in told.err
    data["function"] |= {"arn": ARN, "qualifier": "../../../up"}
    Path("evil.json").write_text(json.dumps(data))
    assert powertune("baseline", "set", "evil.json").code == 2
    assert not Path("powertune-baselines").exists()


def test_a_result_that_measured_nothing_warm_is_no_baseline(powertune):
    Path("none.json").write_text(dumps(checks.one_version()), encoding="utf-8")
    told = powertune("baseline", "set", "none.json")
    assert told.code == 2
    assert "no warm measurement" in told.err


def test_a_file_of_its_own_holds_one_function_and_no_result_is_replaced(powertune, same):
    assert powertune("baseline", "set", same, "--to", "perf/orders.json").code == 0
    assert powertune("baseline", "set", same, "--to", "perf/orders.json").code == 0
    shown = powertune("baseline", "show", "--function-arn", f"{ARN}:any", "--baseline", "perf/orders.json", "--json")
    assert loads(shown.out, Baseline) == baseline_of(checks.same())
    over = powertune("baseline", "set", same, "--to", same)
    assert (over.code, "is the result of a run" in over.err) == (2, True)
    other = json.loads(dumps(baseline_of(checks.same())))
    other["function"] |= {"arn": ARN.replace("orders", "bills"), "name": "bills"}
    Path("bills.json").write_text(json.dumps(other))
    told = powertune("baseline", "set", same, "--to", "bills.json")
    assert (told.code, f"is the baseline of {ARN.replace('orders', 'bills')}" in told.err) == (2, True)
    assert json.loads(Path("bills.json").read_text()) == other


def test_a_place_that_cannot_be_written_is_refused_in_a_sentence(powertune, same):
    Path("taken").write_text("")
    for place in ("taken", "taken/more", "taken/one.json"):
        told = powertune("baseline", "set", same, "--to", place)
        assert told.code == 2
        assert "No baseline can be written to" in told.err


def test_a_disk_without_room_is_said_in_a_sentence(powertune, same, monkeypatch):
    def full(path, text, **how):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_text", full)
    told = powertune("baseline", "set", same)
    assert told.code == 2
    assert "powertune-baselines cannot be written: No space left on device." in told.err


def test_show_says_what_a_baseline_is_of(powertune, same):
    powertune("baseline", "set", same)
    told = powertune("baseline", "show", "--function-arn", f"{ARN}:staging")
    for text in (ARN, "staging", "q0S4vE8c1pQm2dJb0ZC0Zq9b3m1m0yG3s6oVn0dN1aE=", "arm64", "python3.13", "512 MB"):
        assert text in told.out, text
    assert "24 November 2026, 11:37 UTC, on AWS" in told.out
    assert "20261124-113402-7f3a (powertune 0.1.0)" in told.out
    figures = told.out.splitlines()[-1].split()
    assert figures == ["512", "MB", "50", "118.6", "ms", "127", "ms", "$0.994", "20", "0"]
    missing = powertune("baseline", "show", "--function-arn", ARN)
    assert missing.code == 2
    assert f"There is no baseline of orders at powertune-baselines/{KEY}.json." in missing.err


def test_list_shows_each_baseline_and_says_what_cannot_be_read(powertune, same):
    assert powertune("baseline", "list").out == "There is no baseline in powertune-baselines.\n"
    powertune("baseline", "set", same)
    powertune("baseline", "set", same, "--qualifier", "live")
    Path(f"powertune-baselines/{KEY}@bad.json").write_text("{")
    told = powertune("baseline", "list")
    assert told.code == 0
    assert [line.split()[:3] for line in told.out.splitlines()[2:]] == [
        ["orders", "live", "8"],
        ["orders", "staging", "8"],
    ]
    assert "orders@bad.json is not a powertune baseline" in told.err
    data = powertune("baseline", "list", "--json").json
    assert [one.get("qualifier") for one in data] == ["live", "staging", None]
    assert "is not a powertune baseline" in data[2]["error"]


def test_texts_of_others_steer_no_terminal(powertune, same):
    powertune("baseline", "set", same)
    path = Path(f"powertune-baselines/{KEY}@staging.json")
    data = json.loads(path.read_text())
    data["run_id"] = data["powertune_version"] = data["function"]["runtime"] = "\x1b]0;owned\x07\u202eback"
    path.write_text(json.dumps(data))
    for arguments in (("show", "--function-arn", f"{ARN}:staging"), ("list",), ("set", path, "--qualifier", "x")):
        told = powertune("baseline", *arguments)
        assert not {"\x1b", "\x07", "\u202e"} & set(told.out + told.err)


def test_a_bucket_of_ones_own_choice_may_be_anybodys(powertune, same, bucket):
    told = powertune("baseline", "set", same, "--to", "s3://my-bucket/perf/")
    assert told.out.endswith(f"from now on: s3://my-bucket/perf/{KEY}@staging.json\n")
    assert list(bucket.objects) == [f"my-bucket/perf/{KEY}@staging.json"]
    assert bucket.asked == "eu-central-1", "the function's region"
    assert (
        powertune("baseline", "show", "--function-arn", f"{ARN}:staging", "--baseline", "s3://my-bucket/perf").code == 0
    )
    assert len(powertune("baseline", "list", "--baseline", "s3://my-bucket/perf", "--json").json) == 1
    assert powertune("baseline", "list", "--baseline", "s3://my-bucket", "--json").json == []
    gone = powertune("baseline", "list", "--baseline", "s3://no-bucket")
    assert (gone.code, "NoSuchBucket" in gone.err) == (3, True)


def test_the_bucket_of_the_stack_must_be_of_the_account(powertune, same, bucket):
    told = powertune("baseline", "set", same, "--to", "stack")
    assert told.out.endswith(f"s3://powertune-123456789012-eu-central-1/{KEY}@staging.json\n")
    assert len(powertune("baseline", "list", "--baseline", "stack", "--region", "eu-central-1", "--json").json) == 1
    with contextlib.suppress(KeyError):
        bucket.buckets["powertune-123456789012-eu-central-1"] = "666666666666"
    for arguments in (("set", same, "--to", "stack"), ("list", "--baseline", "stack", "--region", "eu-central-1")):
        told = powertune("baseline", *arguments)
        assert (told.code, "AWS denied" in told.err) == (3, True)


def test_a_baseline_that_is_no_text_is_refused(powertune, same, bucket):
    key = f"my-bucket/{KEY}@staging.json"
    bucket.objects[key] = b"\xff\xfe\x00"
    told = powertune("baseline", "show", "--function-arn", f"{ARN}:staging", "--baseline", "s3://my-bucket")
    assert told.code == 2
    assert "it is not text" in told.err


def test_a_region_that_is_not_the_functions_is_refused(powertune, same):
    told = powertune("baseline", "set", same, "--region", "us-east-1")
    assert told.code == 2
    assert "is in eu-central-1, not in us-east-1" in told.err


def test_a_dry_run_is_no_baseline(powertune, make_result):
    made = make_result(sizes_mb=(512,), failing_mb=(), best_mb=None)
    made = replace(made, request=replace(made.request, dry_run=True, memory_sizes_mb=(512,)))
    Path("dry.json").write_text(dumps(made), encoding="utf-8")
    told = powertune("baseline", "set", "dry.json")
    assert told.code == 2
    assert "dry run" in told.err
