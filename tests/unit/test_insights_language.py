"""Which queries are refused, and how."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powertune.local.facts import LogEvent
from powertune.local.insights.engine import run_query
from powertune.local.insights.errors import MalformedQuery
from powertune.local.insights.parser import parse_query

EVENTS = [
    LogEvent(timestamp_ms=1, message=text, log_group="g", log_stream="s", ingestion_ms=1)
    for text in ("hello", '{"a": 1e999, "b": [1], "c": "x"}', "REPORT RequestId: x\tDuration: 1 ms")
]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "command"),
        ("|", "command"),
        ("fields", "end of the query"),
        ("fields @message |", "command"),
        ("pattern @message", "pattern"),
        ("unnest a into b", "unnest"),
        ("SOURCE 'x' | fields @message", "SOURCE"),
        ("fields jsonParse(@message)", "jsonParse"),
        ("fields strlen()", "strlen"),
        ("fields @message as", "name"),
        ("fields a b", "b"),
        ("fields a-", "end of the query"),
        ("filter @message", "condition"),
        ("filter a = 1 = 2", "="),
        ("filter a = true", "true"),
        ("filter a == 1", "="),
        ("filter a and b = 1", "condition"),
        ("filter a like b", "like"),
        ("filter a like /(/", "regular expression"),
        ("filter a like /[a&&b]/", "regular expression"),
        ("filter a like /x(?i)a|b/", "regular expression"),
        ("filter a like /abc", "closed"),
        ("filter a in (1)", "bracket"),
        ("filter a in []", "]"),
        ("filter count(*) > 1", "stats"),
        ("fields avg(a)", "stats"),
        ("sort max(a)", "stats"),
        ("stats a", "aggregate"),
        ("stats count(*), a by b", "aggregate"),
        ("stats sum(avg(a))", "aggregate"),
        ("stats count(*) by sum(a)", "aggregate"),
        ("stats count(*) as a, sum(x) as a", "twice"),
        ("stats sum(*)", "*"),
        ("stats pct(a, 101)", "percentage"),
        ("stats pct(a, b)", "percentage"),
        ("stats pct(a)", "pct"),
        ("stats stdev(a)", "stdev"),
        ("stats count(*) by bin(5)", "period"),
        ("stats count(*) by bin(0m)", "at least 1"),
        ("stats count(*) by bin(1mo)", "1"),
        ("fields 5m", "period"),
        ("fields (a > 1) + 2", "condition"),
        ("parse @message 'a *' as x, y", "wildcards"),
        ("parse @message /(a)/", "name"),
        ("parse @message /a/", "name"),
        ("limit 0", "limit"),
        ("limit 1.5", "limit"),
        ("limit 100001", "limit"),
        ("limit " + "9" * 5000, "limit"),
        ("filter a = " + "9" * 5000, "number"),
        ("filter a = 1e999", "number"),
        ("stats count(*) by bin(" + "9" * 5000 + "m)", "length of time"),
        ("fields 'abc", "closed"),
        ("fields `abc", "`"),
        ("fields " + "(" * 2000 + "a" + ")" * 2000, "nested"),
        ("fields a" + " + a" * 2000, "nested"),
        ("filter a = 1" + " and not (a = 1" * 100, "nested"),
        ("filter a like /(?u)é/", "regular expression"),
        ("filter a like /x\\Z/", "regular expression"),
        ("filter a like /(?P<n>x)/", "regular expression"),
        ("x" * 10_001, "10000"),
    ],
)
def test_what_is_not_understood_is_refused_when_it_is_read(query: str, says: str) -> None:
    with pytest.raises(MalformedQuery) as refused:
        parse_query(query)
    assert says in str(refused.value)
    assert 0 <= refused.value.position <= len(query)


def test_the_position_is_that_of_the_mistake() -> None:
    with pytest.raises(MalformedQuery) as refused:
        parse_query("fields a | filter b ~ 1")
    assert refused.value.position == 20
    with pytest.raises(MalformedQuery) as refused:
        parse_query("filter a like /(/ | limit 3")
    assert refused.value.position == 14


def test_keywords_and_functions_are_known_in_any_case() -> None:
    assert parse_query("FIELDS isPresent(a) AS b | SORT a DESC | LIMIT 3")


def test_a_long_row_of_alternatives_is_answered() -> None:
    query = "filter " + " or ".join(f"c = 'v{number}'" for number in range(500)) + " or c = 'x'"
    assert len(run_query(query, EVENTS).rows) == 1


def test_comments_and_newlines_stand_between_words() -> None:
    assert parse_query("# a query\nfields a # one\n  , b\n| limit 3 # end")


def test_a_hash_in_a_string_or_a_regex_is_no_comment() -> None:
    assert run_query("filter @message like '#' or @message like /h#?e/ | limit 5", EVENTS).rows


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_answered_or_refused(query: str) -> None:
    try:
        rows = run_query(query, EVENTS).rows
    except MalformedQuery:
        return
    assert len(rows) <= len(EVENTS)


WORDS = st.sampled_from(
    """fields filter parse stats sort limit dedup display by as and or not like in true
    | , ( ) [ ] = != < > =~ + - * / % ^ a @message @timestamp b.0 c `x` 1 2.5 5m 'text' "u=*" /x(?<n>.)/ /(?i)a/
    count(*) avg(a) pct(a,9) stddev(a) latest(c) max(c) bin(5m) datefloor(@timestamp,1h) coalesce(a,c) strlen(c)
    floor(a) fromMillis(a) ispresent(a)""".split()  # noqa: SIM905 - a list of these would be a page long
)


@given(st.lists(WORDS, max_size=14))
@settings(max_examples=1000, deadline=None)
def test_any_row_of_words_is_answered_or_refused(words: list[str]) -> None:
    query = " ".join(words)
    try:
        parse_query(query)
    except MalformedQuery:
        return
    for row in run_query(query, EVENTS).rows:
        assert all(isinstance(value, str) for value in row.values())
