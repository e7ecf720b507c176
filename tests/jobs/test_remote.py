"""Inputs and outputs behind URLs: what comes out is what would come out on a disk, whatever happens on the way."""

import gzip
import random
import shutil
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from seq2seq.jobs import copies
from seq2seq.jobs.folder import UnreachableError
from seq2seq.jobs.inputs import find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.shards import Shard
from seq2seq.jobs.translation import BatchTranslation
from seq2seq.storage import digest

fsspec = pytest.importorskip("fsspec")

STAND_INS = Path(__file__).resolve().parents[1] / "stand_ins"
PART = 7


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A folder that an object store behind `s3://` keeps its objects in, with the buckets `b` and `c`."""
    for bucket in ("b", "c"):
        (tmp_path / "store" / bucket).mkdir(parents=True)
    monkeypatch.syspath_prepend(STAND_INS)
    monkeypatch.setenv("OBJECT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("OBJECT_STORE_LOG", str(tmp_path / "requests"))
    monkeypatch.setenv("OBJECT_STORE_FAILS", str(tmp_path / "no_network"))
    import object_store

    monkeypatch.setitem(import_module("fsspec.registry")._registry, "s3", object_store.ObjectStore)
    return tmp_path / "store"


def put(folder, store, bucket="b", prefix="in"):
    """Put the files of a folder into a bucket."""
    for path in folder.rglob("*"):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(folder).as_posix()}"
            shutil.copy(path, store / bucket / quote(key, safe=""))


def objects(store, bucket="b", prefix="out", manifests=False):
    """All objects below a prefix and what they hold, but for the manifests."""
    found = {unquote(path.name): path.read_bytes() for path in (store / bucket).iterdir()}
    below = {key.removeprefix(f"{prefix}/"): found[key] for key in found if key.startswith(f"{prefix}/")}
    return {key: below[key] for key in below if manifests or not key.startswith("manifest")}


def tree(folder):
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("manifest")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def requests(store, *verbs):
    """What has been asked of the store since the last call."""
    log = store.parent / "requests"
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return [path for verb, path in lines if verb in verbs]


@pytest.fixture(scope="module")
def loaded(tiny_run):
    return BatchTranslation.load(tiny_run)


@pytest.fixture(scope="module")
def work(loaded):
    def with_settings(**given):
        return BatchTranslation(loaded.translator, loaded.model, **({"part_size": PART} | given))

    return with_settings


@pytest.fixture
def inputs(tmp_path):
    """A folder of texts, most of several parts, one with bad records."""
    draw, folder = random.Random(1), tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for name, count in (("a.txt", 40), ("b.txt.gz", 15), ("deep/c.txt", 3), ("empty.txt", 0), ("[1].txt", 20)):
        lines = [" ".join(draw.choices("abcdefgh", k=draw.randint(0, 6))) for _ in range(count)]
        content = "".join(f"{line}\n" for line in lines).encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (folder / "bad.txt").write_bytes(b"a b\n\xff\xfe\nc d")
    return folder


def run(work, inputs, output, **options):
    return Job(work, output, **options).run(find_inputs([inputs], output))


def left_behind():
    return [path for path in copies.scratch().rglob("*") if path.is_file()]


@pytest.mark.parametrize(("source", "target"), [("s3", "s3"), ("s3", ""), ("", "s3"), ("memory", "memory")])
def test_what_comes_out_is_what_comes_out_on_a_disk(work, inputs, store, tmp_path, source, target):
    outcome = run(work(), f"{inputs}/**/*", tmp_path / "plain")
    put(inputs, store)
    memory = fsspec.filesystem("memory")
    if source == "memory":
        memory.store.clear()
        memory.put(f"{inputs}/", "/in/", recursive=True)
    place = {"": str(inputs), "s3": "s3://b/in", "memory": "memory://in"}[source]
    output = {"": tmp_path / "out", "s3": "s3://c/x/out", "memory": "memory://out"}[target]
    assert run(work(), f"{place}/**/*", output) == outcome
    found = tree(tmp_path / "out") if target == "" else objects(store, "c", "x/out")
    if target == "memory":
        found = {key: memory.cat_file(f"/out/{key}") for key in tree(tmp_path / "plain")}
        assert len(memory.find("/out")) == len(found) + 1  # the manifest: no part is left
    assert found == tree(tmp_path / "plain")
    assert left_behind() == []
    again = run(work(), f"{place}/**/*", output)
    assert (again.finished, again.skipped) == (0, 6)


def test_shards_share_a_place_that_has_neither_locks_nor_renaming(work, inputs, store, tmp_path):
    run(work(), f"{inputs}/**/*", tmp_path / "plain")
    put(inputs, store)
    outcomes = [run(work(), "s3://b/in/**/*", "s3://b/out", shard=Shard(n, 3)) for n in (3, 2, 1)]
    assert objects(store) == tree(tmp_path / "plain")
    assert outcomes[0].waiting and not outcomes[-1].waiting
    again = run(work(), "s3://b/in/**/*", "s3://b/out")
    assert (again.finished, again.skipped) == (0, 6)


def test_a_connection_that_fails_at_any_request_costs_nothing_that_was_done(work, inputs, store, tmp_path, monkeypatch):
    import object_store

    run(work(), f"{inputs}/**/*", tmp_path / "plain")
    put(inputs, store)
    failures, lives = 0, 20
    while True:
        monkeypatch.setattr(object_store, "requests", iter(range(10**9)))
        monkeypatch.setenv("OBJECT_STORE_LIVES", str(lives))
        try:
            run(work(), "s3://b/in/**/*", "s3://b/out")
            break
        except UnreachableError as error:
            assert "s3://b/" in str(error) and "Could not connect" in str(error)
        failures, lives = failures + 1, lives + 7
        named = {key: its for key, its in objects(store).items() if key[0] != "."}
        assert named.items() <= tree(tmp_path / "plain").items()  # whatever has its name is whole
        assert left_behind() == []
    assert failures > 5
    done = [path for path in requests(store, "PUT") if "/.parts/" in path and not path.endswith(".rejected")]
    assert len(set(done)) == 14 and len(done) - failures <= 14  # at most the part at hand was done twice
    assert objects(store) == tree(tmp_path / "plain")


def test_copies_are_few_and_stay_while_they_are_held(inputs, store):
    put(inputs, store)
    sources = find_inputs(["s3://b/in/**/*"], "s3://b/out")
    with copies.Copies() as kept:
        for source in sources:
            with kept.held(source) as found:
                assert found.path.name == source.path.name and found.checksum == digest(found.path)
            assert len(left_behind()) <= copies.KEPT
        requests(store)
        with kept.held(sources[0]) as first, kept.held(sources[1]) as second:
            for source in sources[2:]:
                with kept.held(source) as found, kept.held(source) as again:
                    assert found == again and found.path.exists() and first.path.exists() and second.path.exists()
                assert len(left_behind()) <= 3
            with kept.held(sources[0]):
                pass
        assert len(requests(store, "GET")) == len(sources)
        assert kept.named(f"{first.path}, line 3: {second.path}") == f"{sources[0].place}, line 3: {sources[1].place}"
    assert left_behind() == []
