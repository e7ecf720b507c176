import errno
import gc
import json
import os
import shutil
import time
import warnings
from itertools import chain

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.text import stored_corpus
from seq2seq.text.cleaning import clean, hold_out
from seq2seq.text.corpus import read_pairs, stream_pairs
from seq2seq.text.overlap import pair_hashes
from seq2seq.text.preparation import Preparation
from seq2seq.text.stored_corpus import StoredCorpus, corpus_key, find_or_build
from seq2seq.text.tokenizer import resample, train_tokenizer
from seq2seq.text.tokens import corpus_statistics

COLUMNS = {"extra_columns": "references"}


def words(count, seed):
    random = np.random.default_rng(seed)
    return " ".join(random.choice(["house", "houses", "garden", "gardens", "été", "winter"], count))


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory):
    """300 pairs: empty, repeated, with a second reference, with too many characters, with too many tokens."""
    lines = [f"{words(2 + i % 9, i % 250)}\t{words(1 + i % 7, i)}\n" for i in range(290)]
    lines += ["\tx\n", "a\tb\tc\n", "a\td\n", "y\t\n", f"{'long ' * 300}\tx\n", f"{'long ' * 30}\tx\n"]
    lines += [f"{words(60, 7)}\t{words(50, 8)}\n", *lines[:4]]
    path = tmp_path_factory.mktemp("corpus") / "text.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def preparation(**changes):
    settings = {"max_characters": 1000, "max_ratio": 9.0, "valid_share": 0.1, "by_source": True, "lower": False}
    return Preparation(**(settings | {"max_tokens": 50, "keep_text": True, "keep": (), "seed": 1} | changes))


def joint_tokenizer(part, kind="unigram"):
    tokenizer = train_tokenizer(kind, chain(part.texts("source"), part.texts("target")), vocabulary_size=60)
    return tokenizer, tokenizer


def prepared(path, cache, how=None, make=joint_tokenizer, report=None, **options):
    how = how or preparation()
    build = lambda folder: how.build(folder, stream_pairs(path, **COLUMNS), make, report or Report())  # noqa: E731
    return find_or_build(cache, corpus_key([path], {"how": repr(how)}), build, **options)


@pytest.fixture(scope="module")
def cached(corpus_file, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    prepared(corpus_file, cache)
    return cache


def same_rows(stored, rows):
    taken = stored.take(np.arange(len(stored)))
    return np.array_equal(taken.values, rows.values) and np.array_equal(taken.lengths, rows.lengths)


@pytest.mark.parametrize("block", [7, 50_000])
def test_a_prepared_corpus_is_what_memory_would_hold(corpus_file, tmp_path, monkeypatch, block):
    monkeypatch.setattr(stored_corpus, "PAIRS_AT_ONCE", block)
    corpus, found = prepared(corpus_file, tmp_path)
    assert not found
    pairs, cleaning = clean(read_pairs(corpus_file, **COLUMNS), max_characters=1000, max_ratio=9.0)
    train, valid = hold_out(pairs, 0.1, 1)
    tokenizer = train_tokenizer("unigram", train.source + train.target, vocabulary_size=60)
    rows = tokenizer.encode(train.source), tokenizer.encode(train.target)
    short = np.flatnonzero(np.maximum(rows[0].lengths, rows[1].lengths) <= 50)
    assert corpus.cleaning == cleaning and cleaning.duplicates and len(short) < len(train)
    assert corpus.valid == valid
    assert corpus.tokenizers[0] is corpus.tokenizers[1] and corpus.tokenizers[0].to_bytes() == tokenizer.to_bytes()
    assert corpus.statistics == corpus_statistics(*rows)
    assert all(same_rows(stored, side.take(short)) for stored, side in zip(corpus.rows, rows, strict=True))


def test_the_last_pairs_or_none_are_held_out(corpus_file, tmp_path):
    pairs, _ = clean(read_pairs(corpus_file, **COLUMNS), max_characters=1000, max_ratio=9.0)
    first = round(len(pairs) * 0.9)
    last, _ = prepared(corpus_file, tmp_path, preparation(by_source=False))
    assert last.valid == pairs.take(range(first, len(pairs)))
    everything, _ = prepared(corpus_file, tmp_path, preparation(valid_share=0.0))
    assert len(everything.valid) == 0 and everything.statistics.pairs == len(pairs)


def test_segmentations_are_drawn_from_the_seed(corpus_file, cached):
    corpus, found = prepared(corpus_file, cached)
    texts = [line.split("\0") for line in (corpus.folder / "train.txt").read_text(encoding="utf-8").splitlines()]
    expected = [resample(corpus.tokenizers[0], [row[side] for row in texts], 0.3, 5) for side in (0, 1)]
    assert found and all(same_rows(*sides) for sides in zip(corpus.resampled(0.3, 5), expected, strict=True))
    assert not same_rows(corpus.resampled(0.3, 6)[0], expected[0])
    assert {path.name for path in cached.iterdir()} == {corpus.folder.name}


def test_text_is_kept_where_it_is_needed(corpus_file, cached, tmp_path):
    without, _ = prepared(corpus_file, tmp_path, preparation(keep_text=False))
    with_text, _ = prepared(corpus_file, cached)
    names = [{file.name for file in corpus.folder.iterdir()} for corpus in (with_text, without)]
    assert names[0] - names[1] == {"train.txt"} and "cleaned.txt" not in names[0]


def test_another_content_or_setting_is_another_corpus(corpus_file, tmp_path):
    copy = tmp_path / "elsewhere.tsv"
    shutil.copy(corpus_file, copy)
    key = corpus_key([corpus_file], {"seed": 1})
    assert corpus_key([copy], {"seed": 1}) == key != corpus_key([copy], {"seed": 2})
    copy.write_bytes(copy.read_bytes().replace(b"winter", b"summer", 1))
    assert corpus_key([copy], {"seed": 1}) != key


def test_other_tokenizers_are_noticed(corpus_file, cached, tmp_path):
    cache = shutil.copytree(cached, tmp_path / "cache")
    corpus, _ = prepared(corpus_file, cache)
    assert prepared(corpus_file, cache, tokenizers=corpus.tokenizers)[1]
    own = [train_tokenizer("char", ["gardens in winter"])] * 2
    again, found = prepared(corpus_file, cache, make=lambda part: own, tokenizers=own)
    assert not found and again.tokenizers[0].to_bytes() == own[0].to_bytes()


def cut(file):
    file.write_bytes(file.read_bytes()[:-9])


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, flip, lambda file: file.unlink(), lambda file: file.write_bytes(b"")])
@pytest.mark.parametrize("name", ["contents.json", "source-ids.bin", "target-lengths.bin", "joint.model", "valid.txt"])
def test_a_damaged_corpus_is_made_again(corpus_file, cached, tmp_path, name, damage):
    cache = shutil.copytree(cached, tmp_path / "cache")
    (folder,) = cache.iterdir()
    damage(folder / name)
    whole = lambda temporary: shutil.copytree(*cached.iterdir(), temporary, dirs_exist_ok=True)  # noqa: E731
    corpus, found = find_or_build(cache, folder.name, whole)
    assert not found and corpus is not None and list(cache.iterdir()) == [folder]


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 1, "files": 3}', '{"format": 2}', "\0"])
def test_strange_contents_are_no_corpus(cached, tmp_path, content):
    folder = shutil.copytree(*cached.iterdir(), tmp_path / "corpus")
    (folder / "contents.json").write_text(content)
    assert StoredCorpus.open(folder) is None


class Interrupting(Report):
    def __init__(self, title):
        self.title = title

    def progress(self, title, total, unit):
        if title.startswith(self.title):
            raise KeyboardInterrupt
        return super().progress(title, total, unit)


@pytest.mark.parametrize("title", ["reading", "encoding"])
def test_an_interrupt_leaves_nothing_behind(corpus_file, tmp_path, title):
    with pytest.raises(KeyboardInterrupt):
        prepared(corpus_file, tmp_path, report=Interrupting(title))
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written(corpus_file, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be prepared in .*file"):
        prepared(corpus_file, tmp_path / "file")


def test_hashes_are_kept_where_nothing_is_held_out(corpus_file, cached, tmp_path, monkeypatch):
    pairs, _ = clean(read_pairs(corpus_file, **COLUMNS), max_characters=1000, max_ratio=9.0)
    everything, _ = prepared(corpus_file, tmp_path, preparation(valid_share=0.0))
    monkeypatch.setattr(stored_corpus, "HASHES_AT_ONCE", 70)
    blocks = list(everything.hashes())
    assert max(map(len, blocks)) == 70
    assert np.array_equal(np.concatenate(blocks), pair_hashes(pairs.source, pairs.target))
    assert list(prepared(corpus_file, cached)[0].hashes()) == []


class Failing:
    """A tokenizer that encodes one block, if so many, and then no more."""

    def __init__(self, tokenizer, blocks):
        self._tokenizer, self._left = tokenizer, blocks

    def __getattr__(self, name):
        return getattr(self._tokenizer, name)

    def encode(self, texts, **options):
        if not self._left:
            raise InputError("no more")
        self._left -= 1
        return self._tokenizer.encode(texts, **options)


@pytest.fixture
def nothing_left_by_others():
    """What tests before this one have left open is not of this one."""
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


@pytest.mark.parametrize("blocks", [0, 1])
@pytest.mark.filterwarnings("error")
def test_files_are_closed_whatever_happens(corpus_file, cached, tmp_path, nothing_left_by_others, blocks):
    def failing(part):
        return (Failing(joint_tokenizer(part)[0], blocks),) * 2

    with pytest.raises(InputError, match="no more"):
        prepared(corpus_file, tmp_path, make=failing)
    (made,) = cached.iterdir()
    folder = shutil.copytree(made, tmp_path / "other")
    contents = json.loads((folder / "contents.json").read_text())
    contents["cleaning"]["unheard"] = contents.pop("hash") and 1
    stored_corpus.write_contents(folder, contents)
    assert StoredCorpus.open(folder) is None  # which is seen behind the rows
    gc.collect()


def test_what_another_process_has_finished_meanwhile_is_taken(corpus_file, tmp_path):
    """Its files stay what they are: others may be reading them."""
    theirs = []

    def meanwhile(part):
        if not theirs:
            theirs.append(prepared(corpus_file, tmp_path, make=joint_tokenizer)[0])
            theirs.append((theirs[0].folder / "contents.json").stat().st_ino)
        return joint_tokenizer(part)

    ours, found = prepared(corpus_file, tmp_path, make=meanwhile)
    assert found and (ours.folder / "contents.json").stat().st_ino == theirs[1]
    assert [path.name for path in tmp_path.iterdir()] == [ours.folder.name]


def test_only_what_killed_preparations_left_is_removed(corpus_file, tmp_path):
    now = time.time()
    for name, age in ((".writing-1-old", 9e5), (".writing-2-alive", 60), ("another", 9e5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cleaned.txt").touch()
        for path in (tmp_path / name / "cleaned.txt", tmp_path / name):
            os.utime(path, (now - age, now - age))
    os.utime(tmp_path / ".writing-2-alive", (now - 9e5, now - 9e5))  # made long ago, and written to just now
    corpus, _ = prepared(corpus_file, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".writing-2-alive", "another", corpus.folder.name}


def test_segmenting_anew_tells_what_is_missing(corpus_file, cached, tmp_path, monkeypatch):
    shutil.copytree(cached, tmp_path / "cache")
    corpus, _ = prepared(corpus_file, tmp_path / "cache")
    (corpus.folder / "train.txt").unlink()
    with pytest.raises(InputError, match=r"cannot be segmented anew \(No such file.*make room in .*cache"):
        corpus.resampled(0.2, 1)

    def full(**options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stored_corpus.tempfile, "TemporaryFile", full)
    with pytest.raises(InputError, match=r"cannot be segmented anew \(No space left"):
        corpus.resampled(0.2, 1)
