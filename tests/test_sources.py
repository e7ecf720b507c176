"""What a file holds is told by its content; what is no UTF-8 text is named, with what to do."""

import bz2
import gc
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.series.table import read_series
from seq2seq.sources import count_lines, opened, opened_lines, opened_tfds, separator_of, tfds_files
from seq2seq.text.corpus import read_pairs
from seq2seq.text.plain import read_text
from seq2seq.text.records import record_file
from seq2seq.text.splitting import read_lines

ENDS = ["", "e", "\u00e9", "\u00e9\n", "\u6f22", "\U0001f600", "\U0001f600."]

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
PAIRS = "one\tun\ntwo\tdeux\nthe third\tle troisième\n"
NUMBERS = "speed,heat\n1,2.5\n3,4.5\n5,6.5\n"


def lines_of(path):
    return list(read_lines(path))


def records_of(path):
    file = record_file(path, "text")
    return [file.text(record) for record in file.records()]


def series_of(path):
    return read_series(path).values[0].tolist()


# What reads each kind of file, with a text that it reads.
READERS = {
    "lines": (lines_of, "text.txt", PAIRS),
    "pairs": (read_pairs, "text.tsv", PAIRS),
    "plain": (read_text, "text.txt", PAIRS),
    "text records": (records_of, "text.txt", PAIRS),
    "JSON Lines": (records_of, "text.jsonl", '{"text": "one"}\n{"text": "the second"}\n'),
    "TSV records": (records_of, "text.tsv", "id\ttext\n1\tone\n2\tthe second\n"),
    "CSV records": (records_of, "text.csv", 'id,text\n1,"one,\nor two"\n2,the second\n'),
    "numbers": (series_of, "data.csv", NUMBERS),
}
OF_TEXT = {name: reader for name, reader in READERS.items() if name != "numbers"}
each_reader = pytest.mark.parametrize(("read", "name", "text"), READERS.values(), ids=READERS)


def refusal(read, path):
    with pytest.raises(InputError) as caught:
        read(path)
    assert "\n" not in str(caught.value) and path.name in str(caught.value)
    return str(caught.value)


@each_reader
def test_gzip_and_plain_text_are_told_by_content(read, name, text, tmp_path):
    plain, packed, told_plain, told_packed = (tmp_path / folder / name for folder in "abcd")
    told_plain, packed = told_plain.with_name(f"{name}.gz"), packed.with_name(f"{name}.gz")
    for path, content in (
        (plain, text.encode()),
        (packed, gzip.compress(text.encode())),
        (told_plain, text.encode()),  # named as gzip
        (told_packed, gzip.compress(text.encode())),  # named as text
    ):
        path.parent.mkdir()
        path.write_bytes(content)
        assert read(path) == read(plain)


@pytest.mark.parametrize("code", ["utf-16", "utf-16le", "utf-16be", "utf-32"])
@pytest.mark.parametrize("packed", [False, True])
def test_numbers_are_read_in_any_unicode(code, packed, tmp_path):
    content = NUMBERS.encode(code)
    path, plain = tmp_path / "data.csv", tmp_path / "plain.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    plain.write_text(NUMBERS)
    assert series_of(path) == series_of(plain)


@pytest.mark.parametrize(("read", "name", "text"), OF_TEXT.values(), ids=OF_TEXT)
@pytest.mark.parametrize("code", ["utf-16", "utf-16le", "utf-16be", "utf-32"])
@pytest.mark.parametrize("packed", [False, True])
def test_utf16_is_named_with_the_command_that_mends_it(read, name, text, code, packed, tmp_path):
    content = text.encode(code)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if packed else content)
    said = refusal(read, path)
    assert f"{code.upper()} text, expected UTF-8: convert with iconv -f {code} -t utf-8 OLD > NEW" in said
    if not packed:
        path.write_bytes(subprocess.run(["iconv", "-f", code, "-t", "utf-8", path], capture_output=True).stdout)
        assert read(path)


@each_reader
@pytest.mark.parametrize("packer", ["bzip2", "xz", "ZIP"])
def test_other_packers_are_named(read, name, text, packer, tmp_path):
    path, buffer = tmp_path / name, io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("text", text)
    packed = {"bzip2": bz2.compress(text.encode()), "xz": lzma.compress(text.encode()), "ZIP": buffer.getvalue()}
    path.write_bytes(packed[packer])
    assert f"is packed ({packer}" in refusal(read, path)


@each_reader
@pytest.mark.parametrize("packed", [False, True])
def test_old_line_ends_are_named_or_read(read, name, text, packed, tmp_path):
    path = tmp_path / name
    content = text.replace("\n", "\r").encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    if read is series_of:
        assert read(path) == [[1, 2.5], [3, 4.5], [5, 6.5]]
    elif read is read_text:  # every character of it, as it stands
        assert read(path).encode() == content
    else:
        assert r"has \r alone for line ends, as old Macs had: convert with tr '\r' '\n' < OLD > NEW" in refusal(
            read, path
        )


@each_reader
def test_a_damaged_gzip_file_is_named(read, name, text, tmp_path):
    path = tmp_path / f"{name}.gz"
    whole = gzip.compress(text.encode())
    for damaged in (whole[:-9], b"\x9f" + whole[1:], whole[:12] + b"!" * 9 + whole[21:]):
        path.write_bytes(damaged)
        assert "is not a whole gzip file" in refusal(read, path)


@given(TEXTS, st.booleans(), st.booleans())
def test_every_text_is_read_as_it_stands(text, packed, streamed):
    content = text.encode()
    stream = io.BytesIO(gzip.compress(content, 1) if packed else content)
    try:
        with opened(stream if streamed else io.BufferedReader(stream)) as found:
            assert found.read() == content
    except InputError as error:  # a text that begins as a packed file does
        assert "is packed" in str(error)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"))), st.sampled_from(["\n", "\r\n"]))
def test_lines_that_end_well_are_never_refused(lines, end):
    content = "".join(line + end for line in lines).encode()
    with opened_lines(io.BytesIO(content)) as stream:
        assert stream.read() == content


def test_a_pipe_is_read_as_it_comes(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for content in (b"one\ntwo\n", gzip.compress(b"one\ntwo\n")):
        writer = threading.Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        assert lines_of(pipe) == ["one", "two"]
        writer.join()


def test_what_cannot_be_opened_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        assert "cannot be read" in refusal(lambda path: opened(path).__enter__(), path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_stream_stays_open(packed, unbuffered, tmp_path):
    path = tmp_path / "text"
    path.write_bytes(gzip.compress(b"one\n") if packed else b"one\n")
    for stream in (io.BytesIO(path.read_bytes()), open(path, "rb", buffering=0 if unbuffered else -1)):  # noqa: SIM115
        for _ in range(2):
            stream.seek(0)
            with opened(stream) as found:
                assert found.read() == b"one\n"
            del found
            gc.collect()
            assert not stream.closed
        stream.close()


@given(st.binary(max_size=50), st.integers(0, 3))
def test_lines_are_counted_where_it_costs_little(content, repeats):
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"lines-{os.getpid()}"
    content = b"a" + content * 10**repeats
    try:
        path.write_bytes(content)
        assert count_lines(path) == content.count(b"\n")
        path.write_bytes(gzip.compress(content))
        assert count_lines(path) is None
    finally:
        path.unlink()


def test_separators_are_told_by_the_first_line():
    assert [separator_of(line) for line in ("a,b", "a;b,c", "a\tb;c,d", "a", "")] == [",", ";", "\t", ",", ","]


# --- TFDS


def test_data_sets_are_found_by_name_and_by_folder(tfds_pairs):
    folder = f"tfds:{tfds_pairs}/tiny_pairs/en_fr/1.2.0"
    for place in (folder, "tfds:tiny_pairs/en_fr", "tfds:tiny_pairs/en_fr:1.2.0"):
        assert opened_tfds(place)[:2] == (place, None)
        assert opened_tfds(f"{place}:train[:3]")[:2] == (place, "train[:3]")
        assert tfds_files(place) == tfds_files(folder) != []


def test_nothing_heavy_is_loaded_before_a_data_set_is_opened():
    code = "import sys, seq2seq.sources; sys.exit(any('tensorflow' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode == 0


@pytest.mark.parametrize("end", ENDS)
def test_plain_text_under_a_name_of_gzip_is_read_however_it_ends(tmp_path, end):
    path = tmp_path / "plain.gz"
    path.write_text(f"a line\n{end}", encoding="utf-8")
    with opened(path) as stream:
        assert stream.read().decode() == f"a line\n{end}"
