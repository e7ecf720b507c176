"""Files appear whole or not at all, and what cannot be written is refused before the work."""

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli.outputs import check_file, check_folder, check_outputs, open_lines, partial_file, write_text
from seq2seq.errors import InputError


@pytest.mark.parametrize(("name", "opener"), [("a.txt", open), ("a.txt.gz", gzip.open)])
def test_a_file_gets_its_name_when_it_is_whole(tmp_path, name, opener):
    path = tmp_path / name
    with open_lines(path) as stream:
        stream.write("één\nzwei\n")
        assert not path.exists()
    with opener(path, "rb") as stream:
        assert stream.read() == "één\nzwei\n".encode()
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("error", [KeyboardInterrupt, InputError])
@pytest.mark.parametrize("opener", [open, gzip.open])
def test_what_was_written_before_an_error_is_kept(tmp_path, error, opener):
    path = tmp_path / ("a.gz" if opener is gzip.open else "a")
    path.write_text("older")
    with pytest.raises(error), open_lines(path) as stream:
        stream.write("one\n")
        raise error("stop")
    assert path.read_text() == "older"
    with opener(partial_file(path), "rb") as stream:
        assert stream.read() == b"one\n"


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_nothing_written_leaves_nothing(tmp_path, name):
    with pytest.raises(InputError), open_lines(tmp_path / name):
        raise InputError("at once")
    assert os.listdir(tmp_path) == []


FULL_DISK = """
import random, resource, sys
from pathlib import Path
from seq2seq.cli.outputs import open_lines
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
with open_lines(Path(sys.argv[1])) as stream:
    for number in range(20_000):
        stream.write(f"{number} {random.random()}\\n")
"""


@pytest.mark.parametrize(("name", "opener"), [("a.txt", open), ("a.txt.gz", gzip.open)])
@pytest.mark.parametrize("room", [0, 50_000])
def test_what_a_full_disk_had_room_for_is_kept(tmp_path, name, opener, room):
    path = tmp_path / name
    path.write_text("older")
    ended = subprocess.run([sys.executable, "-c", FULL_DISK, path, str(room)], capture_output=True, text=True)
    assert "OSError: [Errno 27] File too large" in ended.stderr.splitlines()[-1]
    assert path.read_text() == "older" and partial_file(path).exists() == bool(room)
    if room:
        with opener(partial_file(path), "rb") as stream:
            lines = stream.read(20_000).split(b"\n")
        assert [int(line.split()[0]) for line in lines[:-1]] == list(range(len(lines) - 1)) and len(lines) > 500


def test_a_link_stays_a_link(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    write_text(link, "text\n")
    assert link.is_symlink()
    assert (tmp_path / "file").read_text() == "text\n"


def test_a_device_is_written_to_not_replaced():
    check_file(Path(os.devnull), "--output")
    write_text(Path(os.devnull), "text\n")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("path", [None, Path("-")])
def test_no_file_is_standard_output(path, capsysbinary):
    check_file(path, "--output")
    with open_lines(path) as stream:
        stream.write("a\u2028b\n")
    assert capsysbinary.readouterr().out == "a\u2028b\n".encode()


def test_standard_output_is_utf8_in_every_locale(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    with open_lines(None) as stream:
        stream.write("日本\n")
    assert raw.getvalue() == "日本\n".encode()


def test_files_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"--json .* is a folder"):
        check_file(tmp_path, "--json")
    with pytest.raises(InputError, match=r"there is no folder .*nowhere"):
        check_file(tmp_path / "nowhere" / "file", "--json")
    check_file(tmp_path / "file", "--json")
    check_file(Path("file"), "--json")
    assert os.listdir(tmp_path) == []


def test_folders_that_cannot_be_made_are_refused(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for path in (tmp_path / "file", tmp_path / "file" / "run", tmp_path / "dangling"):
        with pytest.raises(InputError, match=r"--run .* is a file, not a folder"):
            check_folder(path, "--run")
    check_folder(tmp_path / "new" / "run", "--run")
    check_folder(Path("run"), "--run")
    assert sorted(os.listdir(tmp_path)) == ["dangling", "file"]


def test_a_folder_without_permission_is_refused():
    with pytest.raises(InputError, match="--run /proc/run: /proc cannot be written to"):
        check_folder(Path("/proc/run"), "--run")  # no user may write there, not even root
    with pytest.raises(InputError, match="/proc cannot be written to"):
        check_file(Path("/proc/file"), "--output")


# Command → what it reads and what it writes, as far as an option names it.
FILES = {
    "score": (["--data"], ["--output"]),
    "evaluate": (["--data", "--references"], ["--output", "--json"]),
    "translate": (["--input"], ["--output", "--alignment"]),
    "detect": (["--input", "--labels"], ["--output", "--json"]),
    "forecast": (["--input", "--known"], ["--output"]),
    "reconstruct": (["--input"], ["--output"]),
}


def refused(command, run, files):
    """The line with which a command is refused that is given these files, by option; nothing is written."""
    folder = run.parent
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    result = CliRunner().invoke(app, [command, str(run), *(str(each) for pair in files.items() for each in pair)])
    assert result.exit_code == 2, (result.stderr, result.exception)
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before
    return result.stderr


@pytest.mark.parametrize("command", FILES)
def test_no_command_writes_to_what_it_reads_or_to_one_file_twice(command, tmp_path):
    read, written = FILES[command]
    names = [tmp_path / f"{option.strip('-')}.npz" for option in (*read, *written)]
    files = dict(zip((*read, *written), names, strict=True))
    for option in read:
        files[option].write_text("a\tb\n")
    (tmp_path / "link").mkdir()
    for output in written:
        for other in (*read, *written):
            for same in (files[other], tmp_path / "link" / ".." / files[other].name):
                if other != output:
                    line = refused(command, tmp_path / "run", files | {output: same})
                    assert output in line and other in line and "name another file" in line
        partial = {output: files[output], read[0]: files[output].with_name(f"{files[output].name}.partial")}
        partial[read[0]].write_text("a\tb\n")
        assert f"{output} " in refused(command, tmp_path / "run", files | partial)


@pytest.mark.parametrize("command", ["score", "evaluate"])
@pytest.mark.parametrize("name", ["test.src", "test.tgt.gz"])
@pytest.mark.parametrize("given", [[], ["--source", "src", "--target", "tgt"]])
def test_the_files_of_a_prefix_are_inputs_too(command, name, given, tmp_path):
    (tmp_path / "run").mkdir()
    sides = {} if given else {"source": "src", "target": "tgt"}
    content = {"format": 2, "task": "translation", "config": {"data": sides}}
    (tmp_path / "run" / "config.json").write_text(json.dumps(content))
    for each in ("test.src", "test.tgt.gz"):
        (tmp_path / each).write_text("a\n")
    files = dict(zip(given[::2], given[1::2], strict=True))
    files |= {"--data": tmp_path / "test", "--output": tmp_path / name}
    assert f"{name} is the input, --data" in refused(command, tmp_path / "run", files)


def test_what_a_forecaster_was_trained_on_is_its_input(tmp_path):
    (tmp_path / "run").mkdir()
    content = {"format": 2, "task": "forecaster", "config": {"data": {"location": str(tmp_path / "a.csv")}}}
    (tmp_path / "run" / "config.json").write_text(json.dumps(content))
    (tmp_path / "a.csv").write_text("a\n1\n")
    for command, option in (("forecast", "--output"), ("evaluate", "--json")):
        assert f"{option} {tmp_path / 'a.csv'} is the input" in refused(
            command, tmp_path / "run", {option: tmp_path / "a.csv"}
        )


@pytest.mark.parametrize("name", ["weights.npz", "config.json", "source.model", "checkpoints/a"])
def test_no_output_is_a_file_of_the_run(name, tmp_path):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    with pytest.raises(InputError, match="is a file of the run"):
        check_outputs({"--output": tmp_path / "run" / name}, {}, tmp_path / "run")
    check_outputs({"--output": tmp_path / "run" / "forecast.csv"}, {}, tmp_path / "run")


def test_devices_and_standard_output_may_be_several_outputs_but_not_one_stream_for_two():
    null = Path(os.devnull)
    check_outputs({"--output": null, "--json": null, "--plot": None}, {"--data": str(null)}, Path("run"))
    with pytest.raises(InputError, match="--json - is where --output goes, too"):
        check_outputs({"--output": Path("-"), "--json": Path("-")}, {"--input": "-"}, Path("run"))
