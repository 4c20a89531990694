"""What queries answer: AWS's own samples for Lambda, and each command."""

from typing import Any

import pytest

from powertune.local.facts import LogEvent
from powertune.local.insights.engine import QueryResult, run_query

GROUP = "/aws/lambda/thumbnails"
IDS = [f"{number:08x}-1111-4222-8333-444444444444" for number in range(20)]


def event(message: str, at_ms: int = 1_700_000_000_000, stream: str = "2026/11/24/[7]abc") -> LogEvent:
    return LogEvent(
        timestamp_ms=at_ms, message=message, log_group=GROUP, log_stream=stream, ingestion_ms=at_ms + 5, event_id="e"
    )


def report(
    index: int, duration: float, *, used: int = 90, init: float | None = None, more: str = "", **where: Any
) -> LogEvent:
    text = (
        f"REPORT RequestId: {IDS[index]}\tDuration: {duration:.2f} ms\tBilled Duration: {int(duration) + 1} ms\t"
        f"Memory Size: 512 MB\tMax Memory Used: {used} MB\t"
    )
    if init is not None:
        text += f"Init Duration: {init:.2f} ms\t"
    return event(text + more + "\n", 1_700_000_000_000 + index * 1000, **where)


def ask(query: str, *events: LogEvent) -> list[dict[str, str]]:
    return [{key: value for key, value in row.items() if key != "@ptr"} for row in run_query(query, events).rows]


JOIN = """filter @type = "REPORT" or type = "platform.report"
| parse @message /Restore Duration: (?<restoreMs>[\\d.]+) ms/
| parse @message /Billed Restore Duration: (?<billedRestoreMs>\\d+) ms/
| parse @message /Status: (?<stText>\\w+)/
| fields coalesce(@requestId, record.requestId) as rid, coalesce(@duration, record.metrics.durationMs) as d,
  coalesce(@billedDuration, record.metrics.billedDurationMs) as b,
  coalesce(@initDuration, record.metrics.initDurationMs) as i,
  coalesce(stText, record.status) as st, restoreMs, billedRestoreMs, @logStream
| filter @logStream like /\\[7\\]/ | limit 10000"""


def test_the_join_query_reads_text_and_json_reports_alike() -> None:
    json_report = event(
        '{"time":"x","type":"platform.report","record":{"requestId":"json-1","status":"success",'
        '"metrics":{"durationMs":693.92,"billedDurationMs":694,"memorySizeMB":128}}}',
        1_700_000_000_500,
    )
    text_report = report(1, 3.1, init=542.01, more="Status: timeout\t")
    other_version = report(2, 9, stream="2026/11/24/[8]abc")
    rows = ask(JOIN, json_report, text_report, other_version, event("hello"))
    assert [{key: row.get(key) for key in ("rid", "d", "b", "i", "st")} for row in rows] == [
        {"rid": IDS[1], "d": "3.1", "b": "4", "i": "542.01", "st": "timeout"},
        {"rid": "json-1", "d": "693.92", "b": "694", "i": None, "st": "success"},
    ]
    assert "i" not in rows[1]


def test_the_join_query_takes_the_restore_duration_and_not_the_billed_one() -> None:
    restored = report(1, 127.1, more="Restore Duration: 325.93 ms\tBilled Restore Duration: 26 ms\t")
    (row,) = ask(JOIN, restored)
    assert (row["restoreMs"], row["billedRestoreMs"]) == ("325.93", "26")


def test_chosen_fields_take_the_place_of_the_default_columns() -> None:
    (row,) = ask("parse @message /Duration: (?<d>[0-9.]+)/ | fields @requestId", report(1, 5))
    assert "@message" not in row
    assert row["@requestId"] == IDS[1]


def test_overprovisioned_memory_refers_to_earlier_aliases() -> None:
    query = """filter @type = "REPORT"
    | stats max(@memorySize / 1000 / 1000) as provisonedMemoryMB,
        min(@maxMemoryUsed / 1000 / 1000) as smallestMemoryRequestMB,
        avg(@maxMemoryUsed / 1000 / 1000) as avgMemoryUsedMB,
        max(@maxMemoryUsed / 1000 / 1000) as maxMemoryUsedMB,
        provisonedMemoryMB - maxMemoryUsedMB as overProvisionedMB"""
    assert ask(query, report(1, 5, used=90), report(2, 5, used=100)) == [
        {
            "provisonedMemoryMB": "512",
            "smallestMemoryRequestMB": "90",
            "avgMemoryUsedMB": "95",
            "maxMemoryUsedMB": "100",
            "overProvisionedMB": "412",
        }
    ]


def test_a_latency_report_groups_by_time() -> None:
    early, late = report(0, 10), report(1, 20)
    later = event(report(2, 40).message, 1_700_000_000_000 + 600_000)
    query = 'filter @type = "REPORT" | stats avg(@duration), max(@duration), min(@duration) by bin(5m) | sort bin(5m)'
    rows = ask(query, early, late, later)
    assert rows == [
        {"bin(5m)": "2023-11-14 22:10:00.000", "avg(@duration)": "15", "max(@duration)": "20", "min(@duration)": "10"},
        {"bin(5m)": "2023-11-14 22:20:00.000", "avg(@duration)": "40", "max(@duration)": "40", "min(@duration)": "40"},
    ]


def test_the_most_expensive_requests_come_first() -> None:
    query = """filter @type = "REPORT" | fields @requestId, @billedDuration
    | sort by @billedDuration desc | limit 2"""
    rows = ask(query, report(1, 9), report(2, 100), report(3, 20))
    assert rows == [
        {"@requestId": IDS[2], "@billedDuration": "101"},
        {"@requestId": IDS[3], "@billedDuration": "21"},
    ]


def test_the_function_name_is_read_from_the_log_field_as_in_the_sample_for_snapstart() -> None:
    (row,) = ask(
        "parse @log /\\d+:\\/aws\\/lambda\\/(?<function>.*)/ | stats count(*) as invocations by function", report(1, 5)
    )
    assert row == {"function": "thumbnails", "invocations": "1"}


def test_a_flag_inside_a_regex_holds_for_the_rest_as_in_the_sample_of_aws() -> None:
    rows = ask("fields @message | filter @message =~ /^(?i)Exception$/", event("eXCEPTION"), event("an Exception"))
    assert rows == [{"@message": "eXCEPTION"}]


def test_display_shows_comparisons_as_in_the_sample_of_aws() -> None:
    query = """fields @message | parse @message "* [*] *" as time, kind, text
    | filter kind in ["ERROR", "INFO"] | display text, kind = "ERROR" as isError"""
    rows = ask(query, event("1 [ERROR] broken", 2000), event("2 [INFO] fine", 1000), event("3 [DEBUG] detail"))
    assert rows == [{"text": "broken", "isError": "1"}, {"text": "fine", "isError": "0"}]


def test_without_fields_a_row_shows_time_and_message_and_ends_with_its_pointer() -> None:
    (row,) = run_query("filter @message like 'hi'", [event("hi")]).rows
    assert list(row) == ["@timestamp", "@message", "@ptr"]
    assert row["@timestamp"] == "2023-11-14 22:13:20.000"


def test_every_row_has_a_pointer_of_its_own() -> None:
    rows = run_query("fields @message", [event("a"), event("a"), event("a")]).rows
    assert len({row["@ptr"] for row in rows}) == 3


def test_rows_of_aggregates_have_no_pointer() -> None:
    (row,) = run_query("stats count(*)", [event("hi")]).rows
    assert row == {"count(*)": "1"}


def test_the_newest_event_comes_first_unless_sorted() -> None:
    rows = ask("fields @message", event("old", 1), event("new", 3), event("middle", 2))
    assert [row["@message"] for row in rows] == ["new", "middle", "old"]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("n = 5", True),
        ("n = 5.0", True),
        ("n = '5'", True),
        ("n > 40", False),
        ("n < 40", True),
        ("s > 'aa'", True),
        ("not n = 5", False),
        ("n != 6 and s = 'ab'", True),
        ("n = 6 or s = 'ab'", True),
        ("(n = 6 or s = 'ab') and n = 6", False),
        ("n in [1, 5]", True),
        ("n not in [1, 5]", False),
        ("s like /^a.$/", True),
        ("s not like 'z'", True),
        ("s like /(?i)AB/", True),
        ("strcontains(s, 'b')", True),
        ("ispresent(nothing)", False),
        ("not ispresent(nothing)", True),
        ("isempty(nothing) and isblank(s) = 0", True),
        ("nothing = 5", False),
        ("nothing != 5", False),
        ("nothing < 5", False),
        ("nothing like /x/", False),
        ("nothing in [1]", False),
        ("n % 2 = 1 and n ^ 2 = 25 and -n = -5", True),
        ("2 + 3 * 4 - 6 / 3 = 12", True),
        ("nothing + 1 = 1", False),
        ("n / 0 = 0", False),
    ],
)
def test_a_condition_keeps_or_drops_the_event(condition: str, kept: bool) -> None:
    assert bool(ask(f"filter {condition}", event('{"n": 5, "s": "ab"}'))) is kept


def test_long_numbers_are_compared_digit_for_digit() -> None:
    events = [event('{"id": "9007199254740993"}')]
    assert ask("filter id = 9007199254740993", *events)
    assert not ask("filter id = 9007199254740992", *events)


@pytest.mark.parametrize("text", ["1_000", "infinity", "nan", "0x10", "١٢"])
def test_only_plain_decimals_count_as_numbers(text: str) -> None:
    assert ask("stats sum(x) as total", event(f'{{"x": "{text}"}}')) == [{}]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("coalesce(nothing, n)", "5"),
        ("strlen(s)", "2"),
        ("concat(s, '-', n)", "ab-5"),
        ("toupper(s)", "AB"),
        ("tolower('AB')", "ab"),
        ("trim('  x ')", "x"),
        ("trim('xyZfooxyZ', 'xyZ')", "foo"),
        ("ltrim('xyZfooxyZ', 'xyZ')", "fooxyZ"),
        ("rtrim('xyZfooxyZ', 'xyZ')", "xyZfoo"),
        ("substr('xyZfooxyZ', 3, 3)", "foo"),
        ("replace('foo', 'o', '0')", "f00"),
        ("strcontains(s, 'b')", "1"),
        ("strcontains(s, 'z')", "0"),
        ("abs(0 - 3)", "3"),
        ("ceil(2.1)", "3"),
        ("floor(2.9)", "2"),
        ("greatest(1, n, 3)", "5"),
        ("least(1, n, 3)", "1"),
        ("log(1)", "0"),
        ("sqrt(16)", "4"),
        ("2 ^ 3", "8"),
        ("10 % 3", "1"),
        ("7 / 2", "3.5"),
        ("1000000 * 1000000000", "1000000000000000"),
        ("bin(1h)", "2023-11-14 22:00:00.000"),
        ("datefloor(@timestamp, 1h)", "2023-11-14 22:00:00.000"),
        ("dateceil(@timestamp, 1hr)", "2023-11-14 23:00:00.000"),
        ("toMillis(@timestamp)", "1700000000000"),
        ("fromMillis(1700000000000)", "2023-11-14 22:13:20.000"),
    ],
)
def test_an_expression_shows(expression: str, shown: str) -> None:
    assert ask(f"fields {expression} as x", event('{"n": 5, "s": "ab"}')) == [{"x": shown}]


@pytest.mark.parametrize("expression", ["log(0)", "sqrt(0 - 1)", "1 / 0", "10 ^ 400", "abs(s)", "strlen(nothing)"])
def test_a_value_that_does_not_exist_is_absent_from_the_row(expression: str) -> None:
    assert ask(f"fields {expression} as x, s", event('{"s": "ab"}')) == [{"s": "ab"}]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "1" + "0" * 400])
@pytest.mark.parametrize("expression", ["fromMillis(n)", "floor(n)", "n * n", "sum(n)", "stddev(n)", "avg(n)", "n % 3"])
def test_numbers_beyond_measure_never_break_a_query(number: str, expression: str) -> None:
    command = "stats" if expression.startswith(("sum", "avg", "std")) else "fields"
    rows = run_query(f"{command} {expression} as x | sort x", [event(f'{{"n": {number}}}')]).rows
    assert len(rows) == 1


def test_aggregates() -> None:
    events = [event(f'{{"n": {n}, "k": "{k}"}}', 1000 + n) for n, k in ((1, "a"), (2, "a"), (3, "b"), (10, "b"))]
    query = """stats count(*) as all, count(missing) as none, count_distinct(k) as kinds, sum(n) as total,
    avg(n) as mean, min(n) as low, max(n) as high, median(n) as middle, pct(n, 50) as half, percentile(n, 99) as top,
    max(n) - min(n) as span"""
    assert ask(query, *events) == [
        {
            "all": "4",
            "none": "0",
            "kinds": "2",
            "total": "16",
            "mean": "4",
            "low": "1",
            "high": "10",
            "middle": "2.5",
            "half": "2",
            "top": "10",
            "span": "9",
        }
    ]


def test_the_deviation_is_that_of_a_sample() -> None:
    (row,) = ask("stats stddev(n) as s", *(event(f'{{"n": {n}}}') for n in (2, 4, 6)))
    assert row == {"s": "2"}


def test_comparisons_may_be_summed() -> None:
    events = [event(f'{{"n": {n}}}') for n in (1, 5, 9)]
    assert ask("stats sum(n > 4) as slow", *events) == [{"slow": "2"}]


@pytest.mark.parametrize("order", ["", "| sort @timestamp asc ", "| sort n ", "| sort n desc "])
def test_earliest_and_latest_go_by_time_whatever_the_order_of_the_rows(order: str) -> None:
    events = [event('{"n": 5}', 1000), event('{"n": 1}', 2000), event('{"n": 3}', 3000)]
    assert ask(f"filter n > 0 {order}| stats earliest(n) as first, latest(n) as last", *events) == [
        {"first": "5", "last": "3"}
    ]


def test_the_greatest_of_texts_is_a_text() -> None:
    assert ask("stats max(k) as high, min(k) as low", event('{"k": "a"}'), event('{"k": "b"}')) == [
        {"high": "b", "low": "a"}
    ]


def test_groups_are_made_by_several_fields_and_expressions() -> None:
    events = [event(f'{{"a": {a}, "b": "{b}"}}') for a, b in ((1, "x"), (3, "x"), (2, "y"))]
    rows = ask("stats count(*) as c by a % 2 as odd, b | sort odd, b", *events)
    assert rows == [{"odd": "0", "b": "y", "c": "1"}, {"odd": "1", "b": "x", "c": "2"}]


def test_commands_after_stats_work_on_its_output() -> None:
    events = [event(f'{{"k": "{k}"}}') for k in "aabbbc"]
    query = "stats count(*) as c by k | filter c > 1 | fields c * 10 as tenfold | sort c desc | limit 1"
    assert ask(query, *events) == [{"k": "b", "c": "3", "tenfold": "30"}]


def test_stats_of_stats() -> None:
    events = [event(f'{{"k": "{k}"}}') for k in "aabbbc"]
    assert ask("stats count(*) as c by k | stats max(c) as most, count(*) as groups", *events) == [
        {"most": "3", "groups": "3"}
    ]


def test_a_column_is_named_by_the_text_of_its_expression_alone() -> None:
    (row,) = ask("stats count(*) # how many\n, max(@duration) by @type", report(1, 5))
    assert set(row) == {"@type", "count(*)", "max(@duration)"}


def test_ascending_order_is_the_documented_one() -> None:
    ordered = ["!:", "#", "*%04", "0#", "5A", "111A", "2345_", "@", "@_", "A", "A9876fghj", "a12345hfh"]
    ordered += ["0", "01", "2", "3", "10"]
    events = [event(f'{{"v": "{value}"}}') for value in reversed(ordered)]
    assert [row["v"] for row in ask("fields v | sort v asc", *events)] == ordered
    assert [row["v"] for row in ask("fields v | sort v desc", *events)] == ordered[::-1]


def test_several_sort_keys() -> None:
    events = [event(f'{{"a": {a}, "b": {b}}}') for a, b in ((1, 1), (2, 1), (1, 2))]
    rows = ask("fields a, b | sort a asc, b desc", *events)
    assert rows == [{"a": "1", "b": "2"}, {"a": "1", "b": "1"}, {"a": "2", "b": "1"}]


def test_dedup_keeps_the_first_of_each_and_all_that_lack_the_field() -> None:
    events = [event('{"k": 1, "n": 1}', 3), event('{"k": 1, "n": 2}', 2), event('{"n": 3}', 1), event('{"n": 4}', 0)]
    assert [row["n"] for row in ask("fields n | dedup k", *events)] == ["1", "3", "4"]


def test_parse_with_wildcards() -> None:
    query = 'parse @message "user=*, id=*" as user, `the id` | display user, `the id`'
    assert ask(query, event("x user=bob, id=7 8"), event("none", 1)) == [{"user": "bob", "the id": "7 8"}, {}]


def test_an_escaped_parenthesis_in_a_regex_is_no_group() -> None:
    assert ask(r"fields @message | filter @message like /a\(?<b/", event("a(<b"), event("a(?P<b", 1)) == [
        {"@message": "a(<b"}
    ]


def test_arguments_limit_the_rows_and_limit_in_the_query_too() -> None:
    events = [event(str(n), n) for n in range(5)]
    assert len(run_query("fields @message", events, limit=3).rows) == 3
    assert len(run_query("fields @message | limit 2", events, limit=3).rows) == 2


def test_statistics_count_events_and_bytes() -> None:
    result: QueryResult = run_query("filter @message like 'é' | limit 1", [event("é"), event("é"), event("abc")])
    assert (result.records_scanned, result.records_matched, result.bytes_scanned) == (3.0, 2.0, 7.0)
