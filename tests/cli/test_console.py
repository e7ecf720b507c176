"""What a user sees of a job, on a terminal and in a log."""

import io
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow

ODD = "[bold]a[/bold] [/x] :smile: " + "long " * 40


def test_lines_come_out_as_they_are(capsys):
    report = ConsoleReport()
    report.say(ODD)
    report.warn(ODD)
    assert capsys.readouterr().out == f"{ODD}\nWarning: {ODD}\n"


def test_standard_error_leaves_standard_output_alone(capsys):
    report = ConsoleReport(stderr=True, interval=0)
    report.say("a")
    report.table("title", ["b"], [["c"]])
    with report.progress("d", 1, "lines") as progress:
        progress.advance()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert all(text in shown.err for text in ("a\n", "title\n", "b\n", "c\n", "d: 1 of 1 lines,"))


def test_a_table_has_its_columns_in_line(capsys):
    ConsoleReport().table("Corpus", ["side", "[tokens]"], [["en", 12], ["français", 1234567], ["it [x]", 0.123456]])
    title, head, *rows = capsys.readouterr().out.splitlines()
    assert title == "Corpus"
    assert [row.split() for row in rows] == [["en", "12"], ["français", "1,234,567"], ["it", "[x]", "0.1235"]]
    assert len({len(line) for line in (head, *rows)}) == 1  # numbers end in one column
    assert head.split() == ["side", "[tokens]"]


def test_numbers_are_short_and_never_broken(capsys):
    cells = [3.0689908e15, 55398472.0, 0.25, 1e-9] * 5
    for terminal in (False, True):
        report = ConsoleReport()
        if terminal:
            report._console = Console(force_terminal=True, color_system=None, width=40)
        report.table("", ["which", *map(str, range(20))], [["like none of " * 4, *cells]])
        _, row, *rest = capsys.readouterr().out.splitlines()
        shown = " ".join(row.split()[-20:])
        assert shown == " ".join(["3.069e+15", "55,398,472", "0.25", "1e-09"] * 5)
        assert all(set(line.split()) <= {"like", "none", "of"} for line in rest)


@pytest.mark.parametrize("exported", [False, True])
def test_whoever_answers_with_a_run_hears_why_there_is_no_gpu(tmp_path, capsys, monkeypatch, exported):
    from seq2seq import device
    from seq2seq.inference import loaded

    monkeypatch.setattr(device, "why_no_gpu", lambda: "the driver is too old")
    monkeypatch.setattr(loaded, "is_exported", lambda run: exported)
    for run in (None, tmp_path):
        with quiet_tensorflow(run):
            pass
    said = capsys.readouterr()
    assert said.out == "" and said.err == ("" if exported else "Warning: the driver is too old\n")


def test_a_table_may_be_empty(capsys):
    ConsoleReport().table("Nothing", ["a", "b"], [])
    assert capsys.readouterr().out.split() == ["Nothing", "a", "b"]


def test_a_log_gets_a_line_every_tenth_of_the_way(capsys):
    with ConsoleReport(interval=0).progress("epoch 1", 200, "batches") as progress:
        for _ in range(200):
            progress.advance(amount=10, of="tokens", loss=1.25)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" batches,")[0] for line in lines] == [f"epoch 1: {n} of 200" for n in range(20, 201, 20)]
    assert all(" left, " in line and " tokens/s, loss 1.25" in line for line in lines)


def test_a_log_gets_no_line_before_its_time(capsys):
    for total in (100, None):
        with ConsoleReport(interval=3600).progress("short", total, "batches") as progress:
            progress.advance(100)
    assert capsys.readouterr().out == ""


def test_without_a_total_there_is_no_time_left(capsys):
    with ConsoleReport(interval=0).progress("Translating", None, "lines") as progress:
        progress.advance(3)
    line = capsys.readouterr().out
    assert line.startswith("Translating: 3 lines, ") and "left" not in line and "tokens" not in line


def test_what_was_done_before_has_no_share_in_rates_and_time_left(capsys, monkeypatch):
    seconds = iter((0.0, 0.0, 0.0, 10.0, 10.0))
    monkeypatch.setattr("seq2seq.cli.console.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    with ConsoleReport(interval=0).progress("epoch 1", 1000, "batches") as progress:
        progress.begin_at(890)
        progress.advance(10, amount=100, of="tokens")
    assert capsys.readouterr().out == "epoch 1: 900 of 1,000 batches, 0:01:40 left, 1 batches/s, 10 tokens/s\n"


def test_the_first_line_of_what_goes_on_waits_for_something_to_tell(capsys):
    with ConsoleReport(interval=0).progress("epoch 1", 2500, "batches") as progress:
        progress.begin_at(1000)
        progress.advance(25)
        assert not capsys.readouterr().out
        progress.advance(225)
    assert capsys.readouterr().out.startswith("epoch 1: 1,250 of 2,500 batches, ")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_begins_at_its_position(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout", Terminal())
    report = ConsoleReport()
    with report.progress("epoch 1", 1000, "batches") as progress:
        progress.begin_at(890)
        (task,) = report._bars.tasks
        assert task.completed == 890 and task.speed is None
        progress.advance(5)
        assert task.completed == 895


def test_bars_nest_on_a_terminal_and_are_gone_at_the_end(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    report = ConsoleReport()
    with report.progress("epoch [1]", 10, "batches") as outer:
        outer.advance(10, amount=5, of="tokens")
        with report.progress("validation", None, "sentences") as inner:
            inner.advance(2, bleu="12.0")
        report.say("between")
    with pytest.raises(KeyboardInterrupt), report.progress("epoch [2]", 10, "batches"):
        raise KeyboardInterrupt
    text = terminal.getvalue()
    assert all(part in text for part in ("epoch [1]", "10/10", "tokens/s", "between\n", "epoch [2]"))
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")  # the cursor is back


def run_quietly(statements, **environment):
    code = f"import os\nfrom seq2seq.cli.console import quiet_tensorflow\nwith quiet_tensorflow():\n    {statements}"
    others = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=others | environment)


def test_loading_tensorflow_leaves_standard_error_empty():
    done = run_quietly("import tensorflow as tf; tf.config.list_physical_devices(); tf.random.normal((2, 2))")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_failure_to_load_and_what_the_user_asked_for_are_shown():
    assert "noise" in run_quietly("os.write(2, b'noise'); import no_such_library").stderr
    assert run_quietly("os.write(2, b'noise')").stderr == ""
    wrong_input = "os.write(2, b'noise'); from seq2seq.errors import InputError; raise InputError('wrong')"
    assert "noise" not in run_quietly(wrong_input).stderr
    assert run_quietly("os.write(2, b'noise')", TF_CPP_MIN_LOG_LEVEL="0").stderr == "noise"
