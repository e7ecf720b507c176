import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.text.cleaning import clean, hold_out
from seq2seq.text.corpus import ParallelText, corpus_files, normalize, read_pairs
from seq2seq.text.data_sets import sibling_split
from seq2seq.text.in_memory import pairs_at
from seq2seq.text.splitting import read_lines


def write(path, content):
    data = content.encode() if isinstance(content, str) else content
    (gzip.open if path.suffix == ".gz" else open)(path, "wb").write(data)
    return path


def write_pair(folder, source, target):
    write(folder / "text.en", source)
    write(folder / "text.fr", target)
    return folder / "text"


def test_corpus_does_not_load_tensorflow():
    code = "import sys, seq2seq.text.corpus; sys.exit(any('tensorflow' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


# --- lines


@given(st.lists(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]))))
def test_lines_are_what_newlines_separate(lines):
    data = "".join(f"{line}\r\n" for line in lines).encode()
    expected = [line.removeprefix("\ufeff") if number == 0 else line for number, line in enumerate(lines)]
    assert list(read_lines(io.BytesIO(data))) == expected


def test_only_newline_ends_a_line_and_the_last_needs_none(tmp_path):
    path = write(tmp_path / "text", "a\u2028b\rc\u0085d\r\n\n\x0ce")
    assert list(read_lines(path)) == ["a\u2028b\rc\u0085d", "", "\x0ce"]


def test_a_byte_order_mark_is_dropped_at_the_start_only(tmp_path):
    path = write(tmp_path / "text.gz", "\ufeffa\n\ufeffb\n")
    assert list(read_lines(str(path))) == ["a", "\ufeffb"]


def test_lines_are_streamed(tmp_path):
    path = write(tmp_path / "text", b"good\nbad \xe9\n")
    lines = read_lines(path)
    assert next(lines) == "good"
    with pytest.raises(InputError, match=r"text, line 2: byte 5 of the line, 0xe9, .* Latin-1: .*iconv -f latin1"):
        next(lines)


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:20] + b"!" * 9 + data[29:], bytes.lower])
def test_damaged_gzip(tmp_path, damage):
    path = tmp_path / "text.gz"
    path.write_bytes(damage(gzip.compress("".join(map(str, range(1000))).encode())))
    with pytest.raises(InputError, match=r"text\.gz"):
        list(read_lines(path))


def test_unreadable_files(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="cannot be read"):
            list(read_lines(path))


@given(st.text())
def test_normalized_text_is_one_nfc_line_with_single_spaces(text):
    result = normalize(text)
    assert normalize(result) == result
    assert unicodedata.is_normalized("NFC", result)
    assert result.split() == (result.split(" ") if result else [])
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in result)


@given(st.text())
def test_kept_white_space_is_all_of_a_line_but_its_end(text):
    result = normalize(text, keep_white_space=True)
    assert normalize(result, keep_white_space=True) == result
    assert not set(result) & {"\n", "\r", "\0"}
    result.encode()
    assert result == "" or not result.isspace()
    if not set(text) & {"\n", "\r", "\0"} and text.strip() and not re.search("[\ufdd0-\ufdef]", text):
        assert result == unicodedata.normalize("NFC", text)


def test_white_space_is_kept_from_files(tmp_path):
    (tmp_path / "code.a").write_bytes(b"\tif x:  y\r\n  \xc2\xa0z\n   \n")
    (tmp_path / "code.b").write_bytes(b"a\n b\x0bc\n\n")
    pairs = read_pairs(tmp_path / "code", "a", "b", keep_white_space=True)
    assert pairs.source == ["\tif x:  y", "  \u00a0z", ""] and pairs.target == ["a", " b\x0bc", ""]
    (tmp_path / "code.tsv").write_bytes(b"  a \t b\t  \n")
    pairs = read_pairs(tmp_path / "code.tsv", keep_white_space=True, extra_columns="references")
    assert (pairs.source, pairs.references) == (["  a "], [[" b"]])


def test_every_character_is_normalized_as_the_pattern_says():
    spaces = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
    for character in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(character) not in ("Lo", "Cn", "Co"):  # most of them: letters without case, or nothing
            text = f"a {character}b"
            assert normalize(text) == unicodedata.normalize("NFC", spaces.sub(" ", text).strip())


# --- pairs


def test_pair_of_files(tmp_path):
    prefix = write_pair(tmp_path, "\ufeffone\r\ntwo\u2028three\r\n\n", "un\nde\u0301ux\ntrois\n")
    pairs = read_pairs(prefix, "en", "fr")
    assert pairs == ParallelText(["one", "two three", ""], ["un", "déux", "trois"])
    assert pairs.references == [["un"], ["déux"], ["trois"]]
    assert read_pairs(prefix, "en", "fr", swap=True) == read_pairs(prefix, "fr", "en")
    assert read_pairs(prefix, "en", "fr", limit=2) == pairs.take([0, 1])


def test_plain_and_gzip_files_mix(tmp_path):
    write(tmp_path / "text.en.gz", "one\n")
    write(tmp_path / "text.fr", "un\n")
    assert read_pairs(str(tmp_path / "text"), "en", "fr") == ParallelText(["one"], ["un"])


@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.tsv.gz"])
def test_tsv(tmp_path, name):
    path = write(tmp_path / name, "one\tun\tune\t\none\n".replace("\none", "\r\n\ntwo\tdeux"))
    assert read_pairs(path) == ParallelText(["one", "", "two"], ["un", "", "deux"])
    assert read_pairs(path, swap=True) == ParallelText(["un", "", "deux"], ["one", "", "two"])
    references = read_pairs(path, extra_columns="references").references
    assert references == [["un", "une"], [""], ["deux"]]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a\nb\nc\n", "a\nb\n", r"text\.en has 3 lines but .*text\.fr has 2"),
        ("a\n", "a\nb\nc", r"text\.en has 1 lines but .*text\.fr has 3"),
        ("a\nb\0b\n", "a\nb\n", r"text\.en, line 2: a NUL byte"),
        ("a\n", b"caf\xe9\n", r"text\.fr, line 1: byte 4 .*iconv"),
        ("", "", "is empty"),
        ("\n \n", "\n\u2028\n", "no pair with text on both sides in its 2 lines"),
        ("a\n\n", "\nb\n", "no pair with text on both sides"),
    ],
)
def test_bad_pairs_of_files(tmp_path, source, target, message):
    with pytest.raises(InputError, match=message) as caught:
        read_pairs(write_pair(tmp_path, source, target), "en", "fr")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\nc\n", r"text\.tsv, line 2: .*single column"),
        ("", "is empty"),
        ("\n\n", "no pair"),
        ("a\t\n\tb\n", "no pair"),
        ("a\tb\0\n", "line 1: a NUL byte"),
        ("a\tb\n".encode("utf-16le"), "is UTF-16LE text, expected UTF-8: convert with iconv -f utf-16le"),
    ],
)
def test_bad_tsv(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_pairs(write(tmp_path / "text.tsv", content))


def test_missing_files_name_what_is_near(tmp_path):
    prefix = write_pair(tmp_path, "a", "b")
    with pytest.raises(InputError, match=r"no file .*text\.de or .*text\.de\.gz; near it: .*text\.fr"):
        read_pairs(prefix, "en", "de")
    with pytest.raises(InputError, match=r"near it: .*text\.en"):
        read_pairs(tmp_path / "txet", "en", "fr")
    with pytest.raises(InputError, match=r"text; near it: text\.en, text\.fr; .*give their endings"):
        read_pairs(prefix)
    with pytest.raises(InputError, match="is a folder"):
        read_pairs(tmp_path, "en", "fr")
    with pytest.raises(InputError, match="nor is there a folder"):
        read_pairs(tmp_path / "none" / "text", "en", "fr")


# --- TFDS


@pytest.mark.parametrize("form", ["{folder}/tiny_pairs/en_fr/1.2.0", "tiny_pairs/en_fr", "tiny_pairs/en_fr:1.2.0"])
def test_tfds(tfds_pairs, form):
    location = "tfds:" + form.format(folder=tfds_pairs)
    train = read_pairs(location, "en", "fr")
    assert sorted(zip(train.source, train.target, strict=True)) == sorted(
        (f"number {i}", f"numéro {i}") for i in range(30)
    )
    assert read_pairs(location, "en", "fr") == train
    assert read_pairs(location, "fr", "en") == read_pairs(location, "en", "fr", swap=True)
    assert read_pairs(f"{location}:train[:10]", "en", "fr") == train.take(range(10))
    assert read_pairs(location, "en", "fr", limit=4) == train.take(range(4))
    validation = read_pairs(location, "en", "fr", split="validation")
    assert len(validation) == 5
    assert sibling_split(f"{location}:train[:10]", "validation") == f"{location}:dev"
    assert read_pairs(f"{location}:dev", "en", "fr") == validation
    assert sibling_split(location, "test") is None


def test_bad_tfds(tfds_pairs):
    folder = f"tfds:{tfds_pairs}/tiny_pairs/en_fr/1.2.0"
    for arguments, message in [
        ((folder, "en", "de"), "no text feature 'de' for the target; it has en, fr"),
        ((folder, "year", "fr"), "no text feature 'year' for the source"),
        ((folder, None, None), "say which of its texts is the source .*--source en --target fr; it has en, fr"),
        ((f"{folder}:tset", "en", "fr"), "no split 'tset'; its splits: train, dev"),
        (("tfds:tiny_pair/en_fr", "en", "fr"), "no data set 'tiny_pair/en_fr': did you mean tiny_pairs"),
        (("tfds:tiny_pairs/en_de", "en", "de"), "cannot open 'tiny_pairs/en_de'"),
        ((f"tfds:{tfds_pairs}/none", "en", "fr"), "cannot open .*none"),
        (("tfds:", "en", "fr"), "expected tfds:NAME"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            read_pairs(*arguments)
        assert "\n" not in str(caught.value)


def test_a_damaged_tfds_file_is_named(tfds_pairs, tmp_path):
    shutil.copytree(tfds_pairs / "tiny_pairs/en_fr/1.2.0", tmp_path / "1.2.0")
    (records,) = (tmp_path / "1.2.0").glob("*-train.tfrecord*")
    records.write_bytes(records.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"1\.2\.0 cannot be read, its files may be damaged") as caught:
        read_pairs(f"tfds:{tmp_path}/1.2.0", "en", "fr")
    assert "\n" not in str(caught.value)


def test_a_split_that_is_read_validates_nothing(tfds_pairs):
    for split in ("dev", "train+dev[:50%]"):
        assert sibling_split(f"tfds:tiny_pairs/en_fr:{split}", "validation") is None


# --- Hugging Face


def test_columns_of_a_saved_data_set(hf_pairs):
    train = read_pairs(hf_pairs, "en", "fr")
    assert list(zip(train.source, train.target, strict=True)) == [(f"number {i}", f"numéro {i}") for i in range(30)]
    assert read_pairs(f"hf:{hf_pairs}", "fr", "en") == read_pairs(hf_pairs, "en", "fr", swap=True)
    assert read_pairs(f"hf:{hf_pairs}:train[:10]", "en", "fr") == train.take(range(10))
    assert read_pairs(hf_pairs, "en", "fr", limit=4) == train.take(range(4))
    assert read_pairs(hf_pairs, "english", "fr").source == [*train.source[:29], ""]  # a missing text is an empty one
    assert sibling_split(hf_pairs, "validation") == f"hf:{hf_pairs}:dev"
    assert read_pairs(hf_pairs, "en", "fr", split="validation") == read_pairs(f"hf:{hf_pairs}:dev", "en", "fr")
    assert sibling_split(f"hf:{hf_pairs}:dev", "validation") is sibling_split(hf_pairs, "test") is None
    files = corpus_files(hf_pairs, "en", "fr")
    assert [file.parent.name for file in files] == ["train", "dev"] and all(file.is_file() for file in files)


def test_columns_that_are_not_there(hf_pairs, tmp_path):
    there = "en, english, fr"
    for source, target, message in [
        (None, None, f"say which of its texts .*, such as --source english --target en; it has {there}"),
        ("en", None, "say which of its texts"),
        ("en", "de", f"no text feature 'de' for the target; it has {there}"),
        ("year", "fr", f"no text feature 'year' for the source; it has {there}"),
        ("translation", "fr", "no text feature 'translation'"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            read_pairs(hf_pairs, source, target)
        assert "\n" not in str(caught.value)
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"year": [1]}).save_to_disk(tmp_path / "years")
    with pytest.raises(InputError, match="such as --source COLUMN --target COLUMN; it has none"):
        read_pairs(tmp_path / "years")


def test_columns_of_one_name_go_by_both(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = {"en": ["a"], "best": [{"en": "b", "de": "c"}], "other": [{"de": "d", "fr": "e"}]}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path)
    assert read_pairs(tmp_path, "en", "best.en") == ParallelText(["a"], ["b"])
    assert read_pairs(tmp_path, "other.de", "fr") == ParallelText(["d"], ["e"])
    with pytest.raises(InputError, match=r"no text feature 'de' .*; it has best\.de, best\.en, en, fr, other\.de"):
        read_pairs(tmp_path, "de", "en")


def test_pairs_of_a_data_set_in_memory(hf_pairs):
    datasets = pytest.importorskip("datasets")
    several = datasets.load_from_disk(str(hf_pairs))
    pairs = pairs_at(several["train"], "pairs", "en", "fr")
    assert read_pairs(pairs) == read_pairs(hf_pairs, "en", "fr")
    chosen = several["train"].select([3, 1])
    assert read_pairs(pairs_at(chosen, "pairs", "en", "fr")).source == ["number 3", "number 1"]
    texts = several["train"]["translation"]
    assert pairs.digest == pairs_at((texts["en"], texts["fr"])).digest
    for data, message in [
        (several, r"memory:pairs: expected one data set, got splits, train, dev: give one, data\['train'\]"),
        (several["train"], "memory:pairs: say which of its texts"),
    ]:
        with pytest.raises(InputError, match=message):
            pairs_at(data)


@pytest.mark.real_data
@pytest.mark.skipif("SEQ2SEQ_REAL_DATA" not in os.environ, reason="SEQ2SEQ_REAL_DATA names no folder")
def test_real_corpora():
    folder = Path(os.environ.get("SEQ2SEQ_REAL_DATA", ""))
    captions, report = clean(read_pairs(folder / "multi30k" / "train", "en", "de"))
    assert len(captions) == report.read == 29_000
    tatoeba = read_pairs(folder / "tatoeba" / "fra-eng.txt.gz")
    assert (len(tatoeba), len(set(tatoeba.source))) == (142_787, 98_659)
    train, valid = hold_out(tatoeba, 0.02, 0)
    assert set(train.source).isdisjoint(valid.source)
    words = read_pairs(folder / "g2p" / "g014b2b.train.gz")
    assert clean(words)[1].kept == len(words) == 113_438
    spellings = read_pairs(folder / "g2p" / "g014b2b.ref", extra_columns="references")
    assert max(map(len, spellings.references)) > 1
