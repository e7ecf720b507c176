"""Files of records: all come back as they were, in their order and number, each with its translation."""

import csv
import gzip
import io
import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.sources import opened_lines
from seq2seq.text.records import RecordError, record_file
from seq2seq.text.splitting import LARGEST_CELL

# What breaks readers of lines: other line ends, invisible and broken characters, quotation marks, separators.
PIECES = st.sampled_from(
    [b"\r", b"\r\n", b"\n", b"\0", b"\xff", b"\xc2", b'"', b",", b"\t", b";", b"{", b"}", b"\\ud800"]
)
PIECES |= st.text(max_size=5).map(lambda text: text.encode("utf-8", "surrogatepass"))
PIECES |= st.sampled_from(["\u2028", "\x85", "\u200b", "\ufeff", '{"t": "a"}\n', '{"t": "\\ud800"}\n']).map(str.encode)


def is_read(content):
    """Whether it is no other kind of file, which is refused as a whole: `\\r` for line ends, NULs as in UTF-16."""
    with suppress(InputError), opened_lines(io.BytesIO(content)):
        return True
    return False


CONTENT = st.lists(PIECES, max_size=30).map(b"".join).filter(is_read)
WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
quick = settings(max_examples=150)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("records")


def translated(path, field="t", translate=str.upper):
    """The output for a file, and the places of bad records."""
    file, written, bad = record_file(path, field), [], []
    written.append(file.head())
    records = list(file.records())
    assert file.count() == (len(records), "")
    for record in records:
        try:
            written.append(file.written(record, translate(file.text(record))))
        except RecordError:
            bad.append(record.line)
            written.append(file.written(record, None))
    return b"".join(written), bad


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def num_lines(content):
    """Lines as everybody counts them: a last one need not end."""
    return content.count(b"\n") + (content[-1:] not in (b"", b"\n"))


@quick
@given(CONTENT, st.sampled_from(["a.txt", "a.de", "a.txt.gz", "a.jsonl", "a.jsonl.gz"]))
def test_whatever_a_line_holds_it_gives_one_line(folder, content, name):
    path = write(folder / name, content)
    output, _ = translated(path, translate=lambda text: text.encode("utf-8", "replace").decode())
    assert num_lines(output) == output.count(b"\n") == num_lines(content)
    if "jsonl" in name:
        assert all("translation" in json.loads(line) for line in output.decode().split("\n")[:-1])


@quick
@given(CONTENT)
def test_whatever_a_table_holds_its_bytes_stay(folder, content):
    lines = (b"id\tt\n" + content).split(b"\n")
    output, _ = translated(write(folder / "a.tsv", b"\n".join(lines)))
    assert num_lines(output) == num_lines(b"\n".join(lines))
    for before, after in zip(lines, output.split(b"\n"), strict=False):
        assert after.startswith(before.removesuffix(b"\r"))


@quick
@given(CONTENT)
def test_records_of_a_broken_csv_are_its_bytes_in_order(folder, content):
    file = record_file(write(folder / "broken.csv", b"t,u\n" + content), "t")
    records = list(file.records())
    assert b"t,u\n" + b"".join(record.content + record.end for record in records) == b"t,u\n" + content
    assert [r.line for r in records] == sorted({r.line for r in records})
    for record in records:
        assert file.written(record, None).startswith(record.content)


@quick
@given(st.lists(st.tuples(WORDS, WORDS), max_size=8), st.sampled_from([",", ";", "\t"]))
def test_rows_of_a_csv_have_one_cell_more(folder, rows, separator):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "t"), *rows])
    path = write(folder / "good.csv", text.getvalue().encode())
    output, bad = translated(path, translate=lambda text: f'"{text}",;\t')
    assert not bad
    found = list(csv.reader(io.StringIO(output.decode(), newline=""), delimiter=separator))
    assert found[0] == ["a", "t", "translation"]
    assert [tuple(row[:2]) for row in found[1:]] == rows
    assert len({len(row) for row in found}) == 1


@quick
@given(st.dictionaries(WORDS, st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)), st.text())
def test_an_object_has_one_key_more(folder, others, text):
    others.pop("translation", None)
    content = json.dumps(others | {"t": text})
    output, bad = translated(write(folder / "o.jsonl", f" {content} \r\n".encode()), translate=lambda _: 'a"\u2028\\')
    assert not bad
    assert json.loads(output) == others | {"t": text, "translation": 'a"\u2028\\'}
    assert output.lstrip().startswith(content[:-1].encode()) and output.endswith(b"\r\n")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.tsv", "a.csv"])
def test_a_slice_is_a_slice_of_all(folder, name):
    content = "".join(f'{{"t": "{i}"}}\n' if "json" in name else f"t{i}\n" for i in range(10))
    file = record_file(write(folder / name, b"t\n" + content.encode()), "t")
    everything = list(file.records())
    assert list(file.records(3, 7)) == everything[3:7]
    assert list(file.records(3)) == everything[3:]


@pytest.mark.parametrize("name", ["e.txt", "e.txt.gz", "e.jsonl", "e.tsv", "e.csv"])
def test_an_empty_file_gives_an_empty_one(folder, name):
    assert translated(write(folder / name, b"")) == (b"", [])


@pytest.mark.parametrize(
    ("name", "line", "kept"),
    [
        ("b.txt", b"\xff", b""),
        ("b.jsonl", b'{"t": 1}', b'{"t": 1, "translation": null}'),
        ("b.jsonl", b'{"u": "x"}', b'{"u": "x", "translation": null}'),
        ("b.jsonl", b"{broken", b'{"translation": null}'),
        ("b.jsonl", b"[" * 100_000, b'{"translation": null}'),
        ("b.jsonl", b'{"t": ' + b"9" * 5000 + b"}", b'{"translation": null}'),
        ("b.tsv", b"x", b"x\t\t"),
        ("b.tsv", b"x\ty\tz", b"x\ty\tz\t"),
        ("b.csv", b'"x"y,z', b'"x"y,z,'),
        ("b.csv", b"x", b"x,,"),
        ("b.csv", b"\xff,y", b"\xff,y,"),
    ],
)
def test_a_bad_record_keeps_its_place(folder, name, line, kept):
    mark = {"b.tsv": "\t", "b.csv": ","}.get(name)
    good = b'{"t": "good"}' if "json" in name else b"good" + (mark or "").encode()
    content = [*([b"t%su" % mark.encode()] if mark else []), good, line, good]
    output, bad = translated(write(folder / name, b"\n".join(content) + b"\n"))
    assert bad == [len(content) - 1]
    lines = output.split(b"\n")
    assert lines[len(content) - 2] == kept
    assert lines[len(content) - 3].startswith(good[:4]) or lines[len(content) - 3] == b"GOOD"
    assert lines[len(content) - 3].split(b"GOOD")[0] == lines[len(content) - 1].split(b"GOOD")[0]


def test_a_later_record_that_has_a_translation_stays_as_it_is(folder):
    first, later = b'{"t": "x"}\n' * 100, b'{"t": "x", "translation": "y"}\n'
    output, bad = translated(write(folder / "later.jsonl", first + later))
    assert bad == [101]
    assert output.endswith(b'"translation": "X"}\n' + later)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.tsv", b"a\tb\n", "no.*'t'|'t'.*not there"),
        ("c.csv", b"t,t\n", "twice"),
        ("c.csv", b"t,translation\n", "already"),
        ("c.jsonl", b'{"t": "x"}\n{"t": "x", "translation": "y"}\n', "already"),
        ("c.csv", b'"t\n', "is no row"),
        ("c.jsonl", b'{"a": 1}\nbroken\n{"b": 2}\n', "no key 't', but a, b:"),
    ],
)
def test_a_file_without_the_column_or_the_key_is_refused(folder, name, content, message):
    with pytest.raises(InputError, match=message):
        record_file(write(folder / name, content), "t").head()


def test_what_is_before_the_damage_is_read(folder):
    whole = gzip.compress(b"".join(b"line %d\n" % (i * i) for i in range(50_000)))
    path = folder / "cut.txt.gz"
    path.write_bytes(whole[: len(whole) // 2])
    seen = []
    with pytest.raises(InputError, match="not a whole gzip file"):
        for record in record_file(path).records():
            seen.append(record)
    assert 1000 < len(seen) < 50_000
    assert record_file(path).count()[0] == len(seen)
    assert all(record.content == b"line %d" % (i * i) for i, record in enumerate(seen))


@pytest.mark.parametrize("start", [b'"', b""])
def test_an_open_quotation_mark_costs_one_row_and_linear_time(folder, start):
    def seconds(count):
        path = write(folder / "open.csv", b"t,u\n" + start + b"x,y\n" * count)
        began = time.process_time()
        assert sum(1 for _ in record_file(path, "t").records()) == count
        return time.process_time() - began

    small, large = seconds(LARGEST_CELL // 40), seconds(LARGEST_CELL // 4)
    assert large < 40 * small + 1
