"""Files appear whole or not at all, and what cannot be written is refused before the work."""

import gzip
import io
import os
from pathlib import Path

import pytest

from seq2seq.cli.outputs import check_file, check_folder, open_lines, partial_file, write_text
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
