"""`powertune report`: results are found, read, made into every form, and written where they belong."""

import csv
import io
import json
import os
import sys
import threading
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from powertune import chromium
from powertune.cli import opening, report_formats
from powertune.cli.main import main
from powertune.domain.result import SCHEMA_VERSION
from powertune.errors import UsageError
from powertune.wire import dumps, to_data

DATA = Path(__file__).parents[1] / "data"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0" * 17 + b"rest of the picture"


class Told:
    def __init__(self, code, out, err):
        self.code, self.data, self.err = code, out, err.decode()

    @property
    def out(self):
        return self.data.decode()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def report(folder, capsysbinary):
    """Runs the command as a process would: its exit code, and what it writes."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["report", *map(str, arguments)])
        out, err = capsysbinary.readouterr()
        return Told(ended.value.code, out, err)

    return run


@pytest.fixture
def refused(report):
    def run(*arguments):
        told = report(*arguments)
        assert told.code == 2, (told.data, told.err)
        assert told.data == b""
        assert told.err.startswith("powertune: ")
        return told.err

    return run


@pytest.fixture
def keep(make_result, folder):
    """Writes a run into a folder of results, as `powertune run` does."""

    def write(run_id="20261124T113402-7f3a21", results="powertune-results", **changes):
        run = folder / results / run_id
        run.mkdir(parents=True)
        (run / "result.json").write_text(dumps(make_result(run_id=run_id, **changes), indent=1), encoding="utf-8")
        return run

    return write


def names_in(folder):
    return sorted(one.name for one in folder.iterdir())


class Piped(io.TextIOWrapper):
    def __init__(self, data):
        super().__init__(io.BytesIO(data), encoding="utf-8")


# --- which result -----------------------------------------------------------------------------------------------


def test_a_file_a_folder_and_a_run_id_name_the_same_result(report, keep):
    run = keep()
    texts = {report(name).out for name in (run / "result.json", run, run.name)}
    assert len(texts) == 1
    assert "Use 1,769 MB instead of 512 MB" in texts.pop()


def test_a_run_id_is_looked_for_where_the_user_says(report, keep):
    keep("some-run", results="elsewhere")
    assert report("some-run", "--results-dir", "elsewhere").code == 0


def test_a_path_comes_before_a_run_of_the_same_name(report, keep, folder, make_result):
    keep("name")
    (folder / "name").write_text(dumps(make_result(run_id="the-file")), encoding="utf-8")
    assert json.loads(report("name", "--json").out)["run_id"] == "the-file"


def test_a_folder_of_one_run_is_that_run(report, keep):
    run = keep()
    assert json.loads(report(run.parent, "--json").out)["run_id"] == run.name


def test_a_folder_of_several_runs_names_the_newest(refused, keep):
    for number in range(7):
        run = keep(f"run-{number}")
        os.utime(run / "result.json", (number, number))
    said = refused("powertune-results")
    assert "powertune-results holds 7 runs." in said
    assert "run-6, run-5, run-4, run-3, run-2 and 2 more." in said


def test_without_a_name_the_newest_runs_are_shown(refused, keep):
    keep("run-1")
    assert "No result was named.\nName one; the newest in powertune-results: run-1." in refused()


def test_what_run_prints_can_be_piped_in(report, make_result, monkeypatch):
    printed = json.dumps({**to_data(make_result()), "report": "powertune-results/x/report.html"}, indent=1)
    monkeypatch.setattr(sys, "stdin", Piped(printed.encode()))
    assert json.loads(report("-", "--json").out) == to_data(make_result())


def test_a_byte_order_mark_is_no_harm(report, folder, make_result):
    (folder / "result.json").write_bytes(b"\xef\xbb\xbf" + dumps(make_result()).encode())
    assert report("result.json").code == 0


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_results_of_older_schemas_are_shown(report, number):
    told = report(DATA / f"result-schema-{number}.json", "--json")
    assert json.loads(told.out)["schema_version"] == SCHEMA_VERSION


def test_a_pipe_with_a_name_is_read_to_its_end(report, folder, make_result):
    os.mkfifo("pipe")
    text = dumps(make_result(), indent=1).encode()
    reading = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)  # so that the writer need not wait for the command
    writing = os.open("pipe", os.O_WRONLY)

    def write():
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(text)

    writer = threading.Thread(target=write)
    writer.start()
    told = report("pipe", "--json")
    writer.join()
    os.close(reading)
    assert json.loads(told.out) == to_data(make_result())


# --- what is no result ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "result.json is empty."),
        (" \n", "result.json is empty."),
        ("{", "not a whole powertune result: not JSON"),
        ('{"AWSTemplateFormatVersion": "2010-09-09"}', "$.schema_version: it is missing"),
        ("[1, 2]", "$: expected an object"),
        ("7", "$: expected an object"),
        ("null", "$: expected an object"),
        ('"text"', "$: expected an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema_version": ' + "9" * 5_000 + "}", "a number in it has thousands of digits"),
        ("\x00\x01", "not JSON"),
    ],
)
def test_what_is_no_result_is_refused_in_a_sentence(refused, folder, text, said):
    Path("result.json").write_text(text, encoding="utf-8")
    assert said in refused("result.json")


def test_a_result_that_was_cut_short_is_refused(refused, keep):
    file = keep() / "result.json"
    file.write_text(file.read_text(encoding="utf-8")[:-1000], encoding="utf-8")
    assert "not a whole powertune result: not JSON" in refused(file)


def test_a_result_that_was_edited_is_refused_with_the_place(refused, keep, make_result):
    data = to_data(make_result())
    data["samples"][3]["duration_ms"] = "fast"
    (keep("x") / "result.json").write_text(json.dumps(data), encoding="utf-8")
    assert '$.samples[3].duration_ms: expected a number, found "fast"' in refused("x")


def test_a_result_of_a_newer_powertune_is_refused(refused, keep, make_result):
    (keep("x") / "result.json").write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1}), encoding="utf-8")
    assert f"was written by a newer powertune (schema {SCHEMA_VERSION + 1}" in refused("x")


def test_text_in_another_encoding_is_refused(refused, folder, make_result):
    Path("result.json").write_bytes(dumps(make_result()).encode("utf-16"))
    assert "not text in UTF-8 (at byte 0)" in refused("result.json")


def test_a_missing_file_is_refused(refused):
    assert "no/such.json is not there." in refused("no/such.json")
    assert "such is no file, and no run in powertune-results." in refused("such")


def test_a_folder_without_a_result_is_refused(refused, folder):
    Path("empty").mkdir()
    assert "There is no result.json in empty." in refused("empty")


def test_a_folder_in_the_place_of_the_file_is_refused(refused, folder):
    Path("run/result.json").mkdir(parents=True)
    assert "is a folder, not a file." in refused("run")


@pytest.mark.parametrize("name", ["", "x" * 5_000, "a\nb"])
def test_names_that_no_file_can_have_are_refused(refused, name):
    assert refused(name)


def test_a_file_that_may_not_be_read_is_refused(refused, keep, monkeypatch):
    run = keep()

    def denied(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "cannot be read: Permission denied." in refused(run)


def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(refused, folder):
    os.mkfifo("pipe")
    assert "pipe is a pipe that nobody writes to." in refused("pipe")


def test_a_device_is_refused(refused):
    assert "/dev/zero is a device or a socket, not a file." in refused("/dev/zero")


def test_a_terminal_is_no_input(refused, monkeypatch):
    stdin = Piped(b"")
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "Nothing is piped in." in refused("-")


def test_an_empty_input_is_refused(refused, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Piped(b""))
    assert "The input is empty." in refused("-")


# --- forms ------------------------------------------------------------------------------------------------------


def test_the_forms_for_programs_are_what_they_say(report, keep):
    run = keep()
    rows = list(csv.DictReader(io.StringIO(report(run, "--format", "csv").out)))
    assert [row["memory_mb"] for row in rows] == ["128", "256", "512", "1024", "1769", "3008"]
    assert len(list(csv.reader(io.StringIO(report(run, "--format", "csv-samples").out)))) == 61
    assert ElementTree.fromstring(report(run, "--format", "junit").data).tag == "testsuites"
    assert json.loads(report(run, "--format", "json").data) == json.loads(report(run, "--json").data)
    assert report(run, "--format", "power-tuning-url").out.startswith("https://lambda-power-tuning.show/#")
    assert report(run, "--format", "markdown").out.startswith("**Use 1,769 MB")


def test_the_table_has_the_chart_below_it(report, keep):
    assert "█" in report(keep()).out


def test_a_terminal_without_these_characters_gets_ascii(report, keep, monkeypatch):
    monkeypatch.setattr(report_formats, "terminal_look", lambda: report_formats.Look(ascii_only=True))
    monkeypatch.setattr("powertune.cli.report.terminal_look", lambda: report_formats.Look(ascii_only=True))
    assert report(keep()).out.isascii()


def test_where_the_encoding_is_ascii_the_look_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert report_formats.terminal_look().ascii_only
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert not report_formats.terminal_look().ascii_only


def test_what_cannot_be_drawn_is_refused_before_a_byte_is_written(refused, keep, make_result):
    request = replace(make_result().request, dry_run=True)
    assert "A dry run measures nothing" in refused(keep(request=request), "--format", "power-tuning-url")


def test_a_page_goes_beside_the_result(report, keep):
    run = keep()
    told = report(run, "--format", "html")
    assert told.out == f"Report: {run / 'report.html'}\n"
    assert "<!doctype html>" in (run / "report.html").read_text(encoding="utf-8")
    assert names_in(run) == ["report.html", "result.json"]


@pytest.fixture
def pictures(monkeypatch):
    monkeypatch.setattr(chromium, "png", lambda page, **_: PICTURE)
    monkeypatch.setattr(chromium, "svg", lambda page: '<?xml version="1.0"?>\n<svg/>')


def test_pictures_go_beside_the_result_and_say_what_made_them(report, keep, pictures):
    run = keep()
    assert report(run, "--format", "png").code == 0
    made = (run / "report.png").read_bytes()
    assert made.startswith(PICTURE[:33])
    assert made.endswith(PICTURE[33:])
    assert b"tEXtSoftware\0powertune " in made
    assert report(run, "--format", "svg").code == 0
    drawn = (run / "report.svg").read_text(encoding="utf-8")
    assert drawn.startswith('<?xml version="1.0"?>\n<!-- Made by powertune ')
    assert ElementTree.fromstring(drawn).tag == "svg"


def test_a_picture_is_not_written_to_a_terminal_but_into_a_pipe(report, refused, keep, pictures, monkeypatch):
    run = keep()
    assert report(run, "--format", "png", "--output", "-").data.startswith(PICTURE[:8])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "A picture is no text for a terminal." in refused(run, "--format", "png", "--output", "-")


def test_without_a_chromium_there_is_a_sentence_and_no_file(refused, keep, monkeypatch):
    def none():
        raise UsageError("Pictures are drawn by a Chromium, and none was found.", next_step="Install one.")

    monkeypatch.setattr(chromium, "find", none)
    run = keep()
    assert "none was found" in refused(run, "--format", "png")
    assert names_in(run) == ["result.json"]


# --- files ------------------------------------------------------------------------------------------------------


def test_a_report_goes_to_the_file_that_was_asked_for_with_its_folders(report, keep, folder):
    told = report(keep(), "--format", "junit", "--output", "made/for/ci.xml")
    assert told.out == f"Report: {Path('made/for/ci.xml')}\n"
    assert ElementTree.parse("made/for/ci.xml").getroot().tag == "testsuites"
    assert names_in(Path("made/for")) == ["ci.xml"]


def test_a_file_of_ones_own_is_not_replaced_unless_asked(report, refused, keep, folder):
    run = keep()
    Path("README.md").write_text("# mine\n", encoding="utf-8")
    said = refused(run, "--format", "markdown", "--output", "README.md")
    assert "README.md is already there, and nothing in it says that powertune wrote it as markdown." in said
    assert Path("README.md").read_text(encoding="utf-8") == "# mine\n"
    assert report(run, "--format", "markdown", "--output", "README.md", "--force").code == 0
    assert Path("README.md").read_text(encoding="utf-8").startswith("**Use")


@pytest.mark.parametrize("form", ["html", "junit", "csv", "csv-samples", "png", "svg"])
def test_what_powertune_wrote_in_that_form_is_replaced(report, refused, keep, pictures, folder, form):
    run = keep()
    for _ in range(2):
        assert report(run, "--format", form, "--output", "out").code == 0
    Path("out").write_text("somebody else's", encoding="utf-8")
    assert "is already there" in refused(run, "--format", form, "--output", "out")


def test_the_result_itself_is_not_replaced_by_another_form(refused, keep):
    run = keep()
    before = (run / "result.json").read_bytes()
    assert "is already there" in refused(run, "--format", "html", "--output", run / "result.json")
    assert (run / "result.json").read_bytes() == before


@pytest.mark.parametrize("more", [[], ["other"]])
def test_the_result_of_another_run_is_not_replaced_even_by_its_own_form(refused, keep, more):
    other, run = keep("other"), keep("run")
    before = (other / "result.json").read_bytes()
    assert "is already there" in refused(run, *more, "--json", "--output", other / "result.json")
    assert (other / "result.json").read_bytes() == before


def test_a_link_is_followed_and_stays(report, keep, folder):
    Path("there").touch()
    Path("link").symlink_to("there")
    assert report(keep(), "--format", "csv", "--output", "link").code == 0
    assert Path("link").is_symlink()
    assert Path("there").read_text(encoding="utf-8").startswith("run_id,")


def test_a_write_that_fails_leaves_the_old_file_and_no_other(refused, report, keep, folder, monkeypatch):
    run = keep()
    report(run, "--format", "csv", "--output", "out.csv")
    before = Path("out.csv").read_bytes()

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert "out.csv cannot be written: No space left on device." in refused(
        run, "--format", "csv", "--output", "out.csv"
    )
    assert Path("out.csv").read_bytes() == before
    assert names_in(Path()) == ["out.csv", "powertune-results"]


def test_a_folder_is_no_file_to_write(refused, keep, folder):
    Path("there").mkdir()
    assert "there is a folder." in refused(keep(), "--output", "there")


def test_a_file_in_the_way_is_no_folder(refused, keep, folder):
    Path("there").touch()
    assert "Nothing can be written to" in refused(keep(), "--output", "there/report.txt")


def test_a_page_of_what_was_piped_in_needs_a_name(refused, make_result, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Piped(dumps(make_result()).encode()))
    assert "What was piped in belongs to no folder" in refused("-", "--format", "html")


def test_the_page_can_be_piped_on(report, keep):
    run = keep()
    assert report(run, "--format", "html", "--output", "-").out.startswith("<!doctype html>")
    assert names_in(run) == ["result.json"]


# --- opening ----------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch):
    urls = []
    monkeypatch.setattr(opening, "_opened", lambda url: not urls.append(url))
    return urls


def test_open_makes_the_page_and_shows_it(report, keep, opened):
    run = keep()
    assert report(run, "--open").out == f"Report: {run / 'report.html'}\n"
    assert opened == [(run / "report.html").as_uri()]


def test_the_link_to_the_peers_chart_is_opened_as_it_is(report, keep, opened):
    told = report(keep(), "--format", "power-tuning-url", "--open")
    assert opened == [told.out.strip()]


@pytest.mark.parametrize("more", [["--format", "csv"], ["--json"], ["--output", "-"]])
def test_what_a_browser_cannot_show_is_refused(refused, keep, opened, more):
    refused(keep(), "--open", *more)
    assert opened == []


# --- what contradicts itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "--json", "--format", "csv"], "--json and --format csv contradict each other."),
        (["x", "--label", "one"], "--label names runs side by side."),
        (["x", "y", "--label", "one"], "2 runs need 2 labels, not 1."),
        (["-", "-"], "Only one result comes through standard input."),
        (list("abcdefghi"), "9 runs are more than fit side by side."),
        (["x", "--function-arn", "arn"], "--function-arn is for --watch"),
        (["x", "--profile", "p"], "--profile is for --watch"),
        (["x", "--role-session-name", "p"], "--role-session-name is for --watch"),
        (["x", "--output", ""], "x is no file"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused, arguments, said):
    assert said in refused(*arguments)


@pytest.mark.parametrize("form", ["csv-samples", "junit", "power-tuning-url", "png", "svg"])
def test_forms_that_several_runs_do_not_have_are_refused_in_words(refused, keep, form, folder):
    runs = keep("a"), keep("b")
    assert f"Runs side by side have no {form} form." in refused(*runs, "--format", form, "--output", "out")
    assert not Path("out").exists()


def test_several_runs_are_set_side_by_side(report, keep):
    told = report(keep("a"), keep("b"), "--label", "before", "--label", "after")
    assert "after is about as fast as before at about the same cost (both within the noise)" in " ".join(
        told.out.split()
    )


def test_a_page_of_several_runs_lies_beside_their_folders_and_is_replaced_where_powertune_wrote_it(
    report, refused, keep, folder
):
    keep("a"), keep("b")
    page = Path("powertune-results/side-by-side-a-b.html")
    for _ in range(2):
        told = report("a", "b", "--format", "html")
        assert (told.code, told.out) == (0, f"Report: {page}\n")
    assert names_in(folder / "powertune-results") == ["a", "b", page.name]
    page.write_text("mine", encoding="utf-8")
    assert "is already there" in refused("a", "b", "--format", "html")
    assert page.read_text(encoding="utf-8") == "mine"


def test_a_page_of_results_elsewhere_lies_beside_the_first_one(report, keep, folder, make_result, opened):
    run = keep("a", results="elsewhere")
    Path("other").mkdir()
    Path("other/before.json").write_text(dumps(make_result(run_id="before")), encoding="utf-8")
    report(run, "other/before.json", "--open")
    report("other/before.json", run, "--open")
    named = ["elsewhere/side-by-side-a-before.html", "other/side-by-side-before-a.html"]
    assert opened == [(folder / name).as_uri() for name in named]


def test_a_page_of_many_runs_has_a_name_that_fits(report, keep, folder):
    runs = [keep(f"{number}" + "x" * 79).name for number in range(4)]
    report(*runs[:3], "--format", "html")
    report(*runs[:2], runs[3], "--format", "html")
    found = [name for name in names_in(folder / "powertune-results") if name.startswith("side-by-side")]
    assert len(found) == 2
    assert all(len(name) < 200 for name in found)


@pytest.mark.parametrize("run_id", ["../../out", "a/b", "", "x" * 81, "a b", "a\0"])
def test_a_run_id_that_is_no_part_of_a_name_makes_no_file(refused, folder, make_result, run_id):
    for name, its in (("a.json", "a"), ("b.json", run_id)):
        Path(name).write_text(dumps(make_result(run_id=its)), encoding="utf-8")
    assert "needs a name" in refused("a.json", "b.json", "--format", "html")
    assert names_in(folder) == ["a.json", "b.json"]


def test_a_page_of_runs_of_which_all_were_piped_in_needs_a_name(refused, make_result, folder):
    pipes = []
    for run_id in ("a", "b"):
        os.mkfifo(run_id)
        text = dumps(make_result(run_id=run_id))
        pipes.append(threading.Thread(target=Path(run_id).write_text, args=(text,), daemon=True))
        pipes[-1].start()
    assert "What was piped in belongs to no folder" in refused("a", "b", "--format", "html")
