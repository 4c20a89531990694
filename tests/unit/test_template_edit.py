"""A template is changed by one number, or by one line; what cannot be understood is refused, and the place named."""

import os
import re
import stat
from itertools import chain

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from powertune.errors import UsageError
from powertune.iac.files import read_template, write_template
from powertune.iac.memory_size import edited, find_place

SAM = """\
AWSTemplateFormatVersion: '2010-09-09'   # the only one there is
Transform: AWS::Serverless-2016-10-31

# Shared by all
Globals:
  Function:
    Runtime: python3.12
    Timeout: 30

Resources:
  # takes the orders
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      # above the first
      FunctionName: orders   # by name
      Handler: app.handler
      MemorySize: 512  # measured in spring
      Environment:
        Variables:
          TABLE: !Ref Table

  Table:
    Type: AWS::DynamoDB::Table
"""


def changed(text, memory_mb=1152, name="orders", **more):
    return edited(text, find_place(text, name, **more), memory_mb)


def refused(text, name="orders", **more):
    with pytest.raises(UsageError) as refusal:
        find_place(text, name, **more)
    return f"{refusal.value.message} {refusal.value.next_step}"


class AnyTag(yaml.SafeLoader):
    """CloudFormation's short functions as what they are."""


AnyTag.add_multi_constructor("!", lambda loader, tag, node: (tag, node.value))


def loaded(text):
    return yaml.load(text, AnyTag)


def test_only_the_number_changes():
    assert changed(SAM) == SAM.replace("MemorySize: 512", "MemorySize: 1152")


def test_the_place_says_where_and_what_is_there():
    place = find_place(SAM, "orders")
    assert (place.what, place.present_mb) == ("MemorySize of Orders (line 18)", 512)


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_stay(ends, bom):
    text = bom + SAM.replace("\n", ends)
    assert changed(text) == text.replace("512", "1152")
    without = text.replace(f"      MemorySize: 512  # measured in spring{ends}", "")
    new = changed(without)
    assert new == without.replace(f"# by name{ends}", f"# by name{ends}      MemorySize: 1152{ends}")


@pytest.mark.parametrize(
    ("number", "becomes"),
    [
        ("512", "1152"),
        ("'512'", "'1152'"),
        ('"512"', '"1152"'),
        ("&size 512", "&size 1152"),
        ("!!int 512", "!!int 1152"),
    ],
)
def test_a_number_is_changed_however_it_is_written(number, becomes):
    text = SAM.replace(": 512", f": {number}")
    assert changed(text) == SAM.replace(": 512", f": {becomes}")


def test_a_missing_line_is_added_after_a_property_of_one_line():
    text = SAM.replace("      MemorySize: 512  # measured in spring\n", "")
    assert changed(text) == text.replace("# by name\n", "# by name\n      MemorySize: 1152\n")


def test_a_missing_line_is_added_at_the_end_of_a_file_without_a_last_line_end():
    text = "Resources:\n  Orders:\n    Type: AWS::Lambda::Function\n    Properties:\n      Handler: app.handler"
    assert changed(text) == text + "\n      MemorySize: 1152"


def test_a_missing_line_is_added_before_properties_of_several_lines():
    text = (
        "Resources:\n  Orders:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code:\n        ZipFile: |\n"
        "          MemorySize: 1\n"
    )
    assert changed(text) == text.replace("      Code:", "      MemorySize: 1152\n      Code:")


JSON = """{
\t"Resources": {
\t\t"Orders": {
\t\t\t"Type": "AWS::Lambda::Function",
\t\t\t"Properties": {
\t\t\t\t"Handler": "app.handler",
\t\t\t\t"MemorySize": 512
\t\t\t}
\t\t}
\t}
}
"""


def test_json_is_changed_like_yaml_tabs_and_all():
    assert changed(JSON) == JSON.replace("512", "1152")
    without = JSON.replace(',\n\t\t\t\t"MemorySize": 512', "")
    assert changed(without) == without.replace('"Properties": {\n', '"Properties": {\n\t\t\t\t"MemorySize": 1152,\n')


def test_properties_in_one_line_get_the_number_first():
    text = "Resources: {Orders: {Type: AWS::Lambda::Function, Properties: {Handler: app.handler}}}\n"
    assert changed(text) == text.replace("{Handler", "{MemorySize: 1152, Handler")


# --- Globals ---------------------------------------------------------------------------------------------------

WITH_GLOBAL = SAM.replace("    Timeout: 30\n", "    Timeout: 30\n    MemorySize: 256\n").replace(
    "      MemorySize: 512  # measured in spring\n", ""
)
ANOTHER = "  Mails:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: mails.handler\n"


def test_the_number_in_globals_is_changed_where_no_other_function_takes_it():
    assert changed(WITH_GLOBAL) == WITH_GLOBAL.replace("256", "1152")
    alone = WITH_GLOBAL + ANOTHER + "      MemorySize: 128\n"
    assert changed(alone) == alone.replace("256", "1152")


def test_a_number_in_globals_that_others_take_stays_and_the_function_gets_its_own():
    text = WITH_GLOBAL + ANOTHER
    new = changed(text)
    assert new == text.replace("# by name\n", "# by name\n      MemorySize: 1152\n")
    assert loaded(new)["Globals"]["Function"]["MemorySize"] == 256


# --- parameters --------------------------------------------------------------------------------------------------

PARAMETER = "Parameters:\n  Size:\n    Type: Number\n    Default: 512\n" + SAM.replace(": 512", ": !Ref Size")


@pytest.mark.parametrize("reference", ["!Ref Size", "{Ref: Size}", "\n        Ref: Size"])
def test_a_parameters_default_is_changed_and_said(reference):
    text = PARAMETER.replace("!Ref Size", reference)
    place = find_place(text, "orders")
    assert edited(text, place, 1152) == text.replace("Default: 512", "Default: 1152")
    assert place.what == "Default of the parameter Size (line 4)"
    assert "keeps its present value unless the new one is passed" in place.note


def test_a_parameter_without_a_default_is_refused():
    assert "no Default" in refused(PARAMETER.replace("    Default: 512\n", ""))


def test_a_parameter_that_others_use_is_refused():
    assert "other places of the template use too" in refused(PARAMETER + ANOTHER + "      MemorySize: !Ref Size\n")
    assert "other places" in refused(PARAMETER + ANOTHER + "      Description: !Sub 'at ${Size} MB'\n")


def test_a_reference_to_no_parameter_is_refused():
    assert "Nothing, which is no parameter" in refused(PARAMETER.replace("!Ref Size", "!Ref Nothing"))


@pytest.mark.parametrize("rule", ["AllowedValues: [256, 512]", "MaxValue: 1024", "MinValue: 2048"])
def test_a_value_that_the_parameter_does_not_allow_is_not_written(rule):
    text = PARAMETER.replace("    Default: 512\n", f"    Default: 512\n    {rule}\n")
    place = find_place(text, "orders")
    with pytest.raises(UsageError, match="own rules do not allow 1152"):
        edited(text, place, 1152)


# --- which function ---------------------------------------------------------------------------------------------


def test_a_function_is_found_by_its_name_its_tag_or_the_users_word():
    text = SAM + ANOTHER + "      MemorySize: 128\n"
    assert find_place(text, "orders").resource == "Orders"
    assert find_place(text, "stack-Mails-1X", deployed_as="Mails").resource == "Mails"
    assert find_place(text, "orders", resource="Mails").resource == "Mails"


def test_the_only_function_is_the_one_where_it_has_no_other_name():
    nameless = SAM.replace("      FunctionName: orders   # by name\n", "")
    assert find_place(nameless, "anything").resource == "Orders"
    assert "Orders, has the name orders, not anything" in refused(SAM, "anything")


def test_a_function_that_cannot_be_told_is_refused_with_the_choice():
    text = SAM + ANOTHER
    assert "it has: Orders, Mails" in refused(text, "anything")
    assert "--template-resource" in refused(text, "anything")
    assert "no function Tabel" in refused(text, resource="Tabel")
    assert "no function Table" in refused(text, resource="Table")


def test_a_template_of_another_stack_is_refused():
    nameless = SAM.replace("      FunctionName: orders   # by name\n", "")
    assert "was deployed as the resource Payments" in refused(nameless, "payments", deployed_as="Payments")


# --- what cannot be understood ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["!If [Large, 1024, 512]", "!FindInMap [Sizes, prod, memory]", "!Sub '${Size}'", "{'Fn::If': [Large, 1, 2]}",
     "[512]", "0512", "1_024", "five", "512.0", "''", "~"],
)  # fmt: skip
def test_anything_but_a_number_is_refused_with_its_place(value):
    assert "MemorySize of Orders (line 18) is " in refused(SAM.replace(": 512", f": {value}"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SAM + "---\nResources: {}\n", "second document"),
        (SAM.replace("      Handler", "\tHandler"), "cannot be read in line 17"),
        (SAM.replace("      Handler: app.handler\n", "      MemorySize: 1\n"), "MemorySize twice, in lines 17 and 18"),
        (SAM.replace("  Table:\n", "  Orders:\n"), "Orders twice"),
        (SAM.replace("Resources:", "Resorces:"), "no Resources"),
        ("", "not a mapping"),
        ("- a\n- b\n", "not a mapping"),
        ("just words", "not a mapping"),
        ("a: [1, 2", "cannot be read"),
        ("a: \x00", "cannot be read"),
        ("[" * 5000, "cannot be read"),
        (SAM.replace("    Properties:\n", "    Properties: &all\n") + "  B:\n    Properties: *all\n", "anchor"),
        (SAM.replace(": 512", ": &size 512") + "  B:\n    Type: X\n    Properties: {A: *size}\n", "anchor (line"),
        (SAM.replace(": 512", ": *size"), "cannot be read in line 18"),
        (SAM.replace("      Handler: app.handler\n", "      <<: {A: b}\n"), "come from <<"),
        (SAM.replace("      Handler: app.handler\n", "      Fn::Transform: {Name: X}\n"), "come from Fn::Transform"),
        ("Resources:\n  Orders:\n    Type: AWS::Lambda::Function\n", "has no Properties"),
        ("Resources:\n  Orders:\n    Type: AWS::Lambda::Function\n    Properties: {}\n", "no line can be added to"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_for_sure_is_refused_in_words(text, why):
    assert why in refused(text)


# --- whatever is around -------------------------------------------------------------------------------------------

words = some.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,12}", fullmatch=True).map(str.strip)
comments = some.sampled_from(["", "  # 512", "   #", " # MemorySize: 999 äöü \U0001f600"])
properties = some.lists(
    some.one_of(
        some.tuples(some.just("line"), words),
        some.tuples(some.just("quoted"), words),
        some.tuples(some.just("block"), words),
        some.tuples(some.just("mapping"), words),
        some.tuples(some.just("comment"), words),
        some.tuples(some.just("blank"), words),
    ),
    max_size=6,
)


@some.composite
def templates(draw):
    """A template, its line end, and the line with the memory size as it is and as it should be."""
    indent, end = " " * draw(some.integers(1, 6)), draw(some.sampled_from(["\n", "\r\n"]))
    present, quote = draw(some.integers(1, 10240)), draw(some.sampled_from(["", "'", '"']))

    def block(number, kind, word):
        inner = indent * 3
        return {
            "line": [f"{inner}Key{number}: {word}{draw(comments)}"],
            "quoted": [f"{inner}'Key{number}':   \"{word} # no\"{draw(comments)}"],
            "block": [f"{inner}Key{number}: |{draw(comments)}", f"{inner}  {word}", f"{inner}  MemorySize: 3"],
            "mapping": [f"{inner}Key{number}:", f"{inner}  MemorySize: 7{draw(comments)}", f"{inner}  {word}:"],
            "comment": [f"{inner}# MemorySize: 5"],
            "blank": [""],
        }[kind]

    around = [block(number, *one) for number, one in enumerate(draw(properties))]
    own = [f"{indent * 3}MemorySize: {quote}{present}{quote}{draw(comments)}"]
    place = draw(some.integers(0, len(around)))
    head = [
        "# 512",
        "Resources:",
        f"{indent}Orders:",
        f"{indent * 2}Type: AWS::Lambda::Function",
        f"{indent * 2}Properties:",
    ]
    tail = [f"{indent}Other:", f"{indent * 2}Type: AWS::SNS::Topic", "Outputs:", f"{indent}MemorySize: 512"]
    return head, around, own, place, tail, end, present


@settings(deadline=None, max_examples=300)
@given(templates(), some.integers(128, 10240))
def test_nothing_but_the_number_changes_whatever_stands_around_it(made, memory_mb):
    head, around, own, place, tail, end, present = made
    lines = [*head, *chain(*around[:place], own, *around[place:]), *tail]
    text = end.join(lines) + end
    at = len(head) + sum(map(len, around[:place]))
    expected = list(lines)
    expected[at] = re.sub(r"(MemorySize: ['\"]?)[0-9]+", rf"\g<1>{memory_mb}", lines[at], count=1)
    assert find_place(text, "orders").present_mb == present
    assert changed(text, memory_mb) == end.join(expected) + end


@settings(deadline=None, max_examples=300)
@given(templates(), some.integers(128, 10240))
def test_an_added_line_leaves_all_others_and_their_meaning(made, memory_mb):
    head, around, _, _, tail, end, _ = made
    lines = [*head, *chain(*around), *tail]
    text = end.join(lines) + end
    if not isinstance(loaded(text)["Resources"]["Orders"]["Properties"], dict):
        assert "has no Properties" in refused(text)
        return
    new = changed(text, memory_mb)
    added = [line for line in new.split(end) if line.strip() == f"MemorySize: {memory_mb}"]
    assert added
    remaining = new.split(end)
    for at, line in enumerate(remaining):
        if line.strip() == f"MemorySize: {memory_mb}" and remaining[:at] + remaining[at + 1 :] == text.split(end):
            break
    else:
        raise AssertionError("more than one line differs")
    data, before = loaded(new), loaded(text)
    assert data["Resources"]["Orders"]["Properties"].pop("MemorySize") == memory_mb
    assert data == before


@settings(deadline=None, max_examples=400)
@given(
    some.sampled_from([SAM, WITH_GLOBAL, PARAMETER, JSON]),
    some.lists(some.tuples(some.integers(0, 600), some.integers(0, 9), some.text(max_size=3)), max_size=3),
)
def test_a_damaged_template_is_refused_in_words_or_changed_so_that_it_can_be_read_again(text, damages):
    for at, gone, put in damages:
        text = text[:at] + put + text[at + gone :]
    try:
        place = find_place(text, "orders")
    except UsageError:
        return
    assert find_place(edited(text, place, 640), "orders").present_mb == 640


# --- the file ------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_with_its_permissions_and_links(tmp_path):
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_bytes(SAM.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    link.symlink_to(real)
    write_template(link, changed(read_template(link)))
    assert link.is_symlink()
    assert real.read_bytes() == SAM.replace("512", "1152").replace("\n", "\r\n").encode()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "real.yaml"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "template.yaml"
    path.write_text(SAM)

    def full(handle):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_template(path, "new")
    assert path.read_text() == SAM
    assert [one.name for one in tmp_path.iterdir()] == ["template.yaml"]


def test_a_file_that_cannot_be_read_or_written_is_refused(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="There is no file"):
        read_template(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="There is no file"):
        read_template(tmp_path)
    path = tmp_path / "latin.yaml"
    path.write_bytes("Description: größer".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        read_template(path)
    path.write_text(SAM)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="cannot be written to"):
        read_template(path)
