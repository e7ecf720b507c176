"""Inputs and outputs behind URLs: what comes out is what would come out on a disk, whatever happens on the way."""

import errno
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from functools import partial
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.errors import InputError
from seq2seq.interruption import WORK_LEFT
from seq2seq.jobs import copies, urls
from seq2seq.jobs.folder import UnreachableError, folder_at
from seq2seq.jobs.inputs import find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.parts import Parts
from seq2seq.jobs.shards import Shard
from seq2seq.jobs.translation import BatchTranslation
from seq2seq.storage import digest
from tests.jobs.conftest import KILLED, PART, tree

fsspec = pytest.importorskip("fsspec")

STAND_INS = Path(__file__).resolve().parents[1] / "stand_ins"


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


def requests(store, *verbs):
    """What has been asked of the store since the last call."""
    log = store.parent / "requests"
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return [path for verb, path in lines if verb in verbs]


@pytest.fixture
def inputs(inputs):
    """And one with a name that is a pattern, and one with bad records."""
    (inputs / "[1].txt").write_text("".join(f"{' '.join('abcdefgh'[: k % 7])}\n" for k in range(20)))
    (inputs / "bad.txt").write_bytes(b"a b\n\xff\xfe\nc d")
    return inputs


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


NAMES = ("a.txt", "b.csv", ".c.txt", "d/a.txt", "d/e/a.txt", "d/.e/a.txt", ".d/a.txt", "d/e/f/[1].txt", "da/a.txt")


PATTERNS = [
    *("*", "*.txt", "**", "**/*", "**/*.txt", "*/*.txt", "d*/*", "d/**", "d/**/a.txt", "**/e/**/*.txt", "**/f/**"),
    *("d/[!.]*/*", "**/.e/*", ".*", "?.txt", "[a]*", "a.txt", "d/e/f/[1].txt", "*/*/?/*", "**/d/**/*.txt"),
]


@pytest.mark.parametrize("kind", ["s3", "memory"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_find_what_they_find_on_a_disk(store, tmp_path, kind, pattern):
    for name in NAMES:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text("x\n")
    if kind == "s3":
        put(tmp_path / "in", store)
        (store / "b" / quote("in/d/", safe="")).touch()  # as consoles make for a folder
        (store / "b" / quote("inner/a.txt", safe="")).touch()
    else:
        fsspec.filesystem("memory").store.clear()
        fsspec.filesystem("memory").put(f"{tmp_path}/in/", "/b/in/", recursive=True)
    found = find_inputs([f"{kind}://b/in/{pattern}"], tmp_path / "out")
    expected = find_inputs([f"{tmp_path}/in/{pattern}"], tmp_path / "out")
    assert [(each.name, each.below) for each in found] == [(each.name, each.below) for each in expected]
    assert [each.place for each in found] == [
        f"{kind}://b/in/{each.path.relative_to(tmp_path / 'in')}" for each in expected
    ]


@pytest.mark.parametrize(
    ("pattern", "output", "message"),
    [
        ("s3://b/in/*.csv", "out", "matches nothing .s3://b/in: no file"),
        ("s3://b/none/*.txt", "out", "no such folder"),
        ("s3://none/*.txt", "out", "no such folder"),
        ("s3://b/in/z.txt", "out", "no such file"),
        ("s3://b/in", "out", "is a folder"),
        ("s3://b/in/*.txt", "s3://b/in", "lies among"),
        ("s3://b/in/**/*.txt", "s3a://b/in/out/", "lies among"),
        ("s3://b/in/a.txt", "s3://b/in/", "overwritten"),
        ("s3://b/in/**", "out", "is a file, and the folder of s3://b/in/a.txt/x"),
        ("s3://forbidden/*", "out", "no permission .Access Denied.: check the credentials"),
        ("s4://b/in/*", "out", r"s4:// is not known, expected such as s3://"),
        ("gs://b/in/*", "out", r"pip install '\.\[gcs\]'"),
        ("hf://datasets/owner/name/*", "out", r"pip install '\.\[hf\]'"),
    ],
)
def test_what_would_go_wrong_is_refused(store, pattern, output, message, monkeypatch):
    for package in ("gcsfs", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, package, None)
    for key in ("in/a.txt", "in/a.txt/x"):
        (store / "b" / quote(key, safe="")).touch()
    with pytest.raises(InputError, match=message) as told:
        find_inputs([pattern], output)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("s3://none/out", "--output s3://none/out: there is no such place"),
        ("s3://forbidden/out", "--output s3://forbidden/out: no permission"),
        ("s3://b/*", "expected the URL of a folder"),
        ("simplecache::s3://b/out", "expected the URL of a folder"),
        ("s4://b/out", "s4:// is not known"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused(store, output, message):
    with pytest.raises(InputError, match=message):
        folder_at(output).try_out()


def test_a_place_that_can_be_written_to_is_left_as_it_was(store):
    folder_at("s3://b/out").try_out()
    assert objects(store, manifests=True) == {} and left_behind() == []


def test_who_does_not_answer_is_not_waited_for(store, monkeypatch):
    monkeypatch.setattr(urls, "REACH_WITHIN", 0.1)
    monkeypatch.setattr("object_store.ObjectStore.info", lambda *given, **options: threading.Event().wait())
    with pytest.raises(UnreachableError, match=r"s3://b/in/\* has not answered for 0.1 seconds"):
        find_inputs(["s3://b/in/*"], "out")


@pytest.mark.parametrize("scheme", ["file://", "local://", "FILE://", "file://localhost"])
def test_files_by_url_are_files(inputs, scheme):
    found = find_inputs([f"{scheme}{inputs}/*.txt"], f"{scheme}{inputs.parent}/out")
    assert found == find_inputs([f"{inputs}/*.txt"], inputs.parent / "out")
    with pytest.raises(InputError, match=r"overwritten|among"):
        find_inputs([f"{scheme}{inputs}/*.txt"], str(inputs))


def test_urls_in_one_another_are_refused(inputs):
    """Nobody could tell whether an output is among the inputs."""
    with pytest.raises(InputError, match="URLs in one another"):
        find_inputs([f"simplecache::file://{inputs}/a.txt"], str(inputs))


def test_what_is_finished_is_not_read_again(work, inputs, store, tmp_path):
    put(inputs, store)
    run(work(), "s3://b/in/**/*", "s3://b/out")
    requests(store)
    again = run(work(), "s3://b/in/**/*", "s3://b/out")
    assert (again.finished, again.skipped) == (0, 6)
    assert requests(store, "GET", "PUT", "DELETE") == ["b/out/manifest.json"] * 2  # at the start, and as its entries
    (inputs / "a.txt").write_text("a b c\n")
    put(inputs, store)
    (store / "b" / quote("out/b.txt.gz", safe="")).write_bytes(b"tampered with")
    again = run(work(), "s3://b/in/**/*", "s3://b/out")
    assert (again.finished, again.skipped) == (2, 4)
    run(work(), f"{inputs}/**/*", tmp_path / "plain")
    assert objects(store) == tree(tmp_path / "plain")


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_an_input_that_changes_in_the_meantime_is_not_mixed(work, inputs, store, tmp_path, change):
    put(inputs, store)
    sources = find_inputs(["s3://b/in/**/*"], "s3://b/out")
    place = store / "b" / quote("in/a.txt", safe="")
    if change == "gone":
        place.unlink()
        outcome = Job(work(), "s3://b/out").run(sources)
        assert outcome.problems == ["s3://b/in/a.txt cannot be read: No such file or directory"]
        assert json.loads(objects(store)["a.txt.rejected.jsonl"])["input"] == "s3://b/in/a.txt"
        return
    usual = copies.Copies._fetch

    def fetch(kept, remote, path):
        usual(kept, remote, path)
        if remote.url.endswith("empty.txt"):  # the last one, when all have been looked at
            place.write_bytes(b"d e\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies.Copies, "_fetch", fetch)
        with pytest.raises(InputError, match=r"s3://b/in/a.txt was changed while the job ran"):
            Job(work(), "s3://b/out").run(sources)
    outcome = Job(work(), "s3://b/out").run(find_inputs(["s3://b/in/**/*"], "s3://b/out"))
    assert outcome.problems == [] and objects(store)["a.txt"].count(b"\n") == 1


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


@pytest.mark.slow
def test_every_verb_on_series_comes_to_the_same_end(verbs, store, tmp_path):
    for name, (load, data, named) in verbs.items():
        work = load()
        (tmp_path / name).mkdir()
        for copy in ("a", "b"):
            shutil.copy(data, tmp_path / name / f"{copy}{data.suffix}")
        (tmp_path / name / f"c{data.suffix}").write_bytes(b"x")
        put(tmp_path / name, store, prefix=name)
        told = []
        for source, output in ((str(tmp_path / name), tmp_path / "plain" / name), (f"s3://b/{name}", f"s3://c/{name}")):
            outcome = Job(work, output).run(find_inputs([f"{source}/*"], output, named))
            (problem,) = outcome.problems
            assert problem.startswith(f"{source}/c{data.suffix}")
            told.append((outcome.finished, outcome.bad_records, problem.removeprefix(source), work.take_notes()))
            rejected = f"{named(f'c{data.suffix}')}.rejected.jsonl"
        assert told[0] == told[1] and told[0][0] == 2
        plain, found = tree(tmp_path / "plain" / name), objects(store, "c", name)
        assert plain.pop(rejected) == found.pop(rejected).replace(b"s3://b", str(tmp_path).encode())
        assert found == plain


def killed(store, **plan):
    """Run jobs of two shards that are killed; returns how many were."""
    plan = {"task": "translate", "run": None, "part_size": 40, "inputs": ["s3://b/in/*"], "shards": 2} | plan
    environment = os.environ | {"PYTHONPATH": str(STAND_INS)}
    done = subprocess.run([sys.executable, KILLED, json.dumps(plan)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
def test_shards_that_are_killed_come_to_the_same_end(store, tmp_path, record_property):
    draw = random.Random(2)
    for number in range(3):
        texts = (" ".join(draw.choices("abcdefgh", k=draw.randint(0, 6))) for _ in range(600))
        lines = [json.dumps({"text": text} if draw.random() < 0.9 else {}) for text in texts]
        (store / "b" / quote(f"in/{number}.jsonl.gz", safe="")).write_bytes(gzip.compress("\n".join(lines).encode()))
    killed(store, kills=0, seconds=0, seed=0, output="s3://c/whole")
    survived = seed = 0
    while survived < 50:
        seed += 1
        survived += killed(store, kills=50, seconds=0.4, seed=seed, output=f"s3://c/{seed}")
        assert objects(store, "c", str(seed)) == objects(store, "c", "whole")
    record_property("kills", survived)


def batch(*arguments, code):
    result = CliRunner().invoke(app, ["batch", *map(str, arguments)])
    assert result.exit_code == code, (result.stderr, result.exception)
    return result.stderr.splitlines()[-1]


def test_a_network_that_fails_ends_the_command_with_work_left(tiny_run, inputs, store):
    put(inputs, store)
    given = ["translate", tiny_run, "--input", "s3://b/in/**/*", "--output", "s3://c/out", "--part-size", PART]
    off = Path(os.environ["OBJECT_STORE_FAILS"])
    off.touch()
    said = "Error: --output s3://c/out cannot be reached: Could not connect to the endpoint URL"
    assert batch(*given, code=2) == said
    off.unlink()
    usual = Parts.writing

    def writing(parts, number):
        if number == 3:
            off.touch()
        return usual(parts, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parts, "writing", writing)
        said = batch(*given, code=WORK_LEFT)
    assert said.startswith("Interrupted. s3://c/out/") and said.endswith(
        "finished parts are kept in s3://c/out: the same command goes on."
    )
    off.unlink()
    assert batch(*given, code=0).startswith("5 outputs finished in s3://c/out; 1 had been finished before")


def test_a_full_disk_is_named(work, inputs, store, monkeypatch):
    put(inputs, store)
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("object_store.ObjectStore.get_file", lambda *given: (_ for _ in ()).throw(full))
    with pytest.raises(InputError, match=r"has no room for a copy of s3://b/in/.* set TMPDIR to a folder with room"):
        run(work(), "s3://b/in/*", "s3://c/out")


def test_copies_of_a_killed_process_go_when_the_next_one_begins(tmp_path):
    code = "from seq2seq.jobs import copies; import os; print(copies.scratch(), flush=True); os.kill(os.getpid(), 9)"
    environment = os.environ | {"TMPDIR": str(tmp_path)}

    def said(code):
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment).stdout

    left = Path(said(code).strip())
    assert left.is_dir()
    assert left.name not in said(code.replace("os.kill(os.getpid(), 9)", "print(os.listdir(os.environ['TMPDIR']))"))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_actors_read_behind_urls_and_one_process_writes_there(tiny_run, inputs, store, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    from seq2seq.jobs.ray_engine import Crew, connected

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STAND_INS), *sys.path]))  # of the actors
    (inputs / "big.txt").write_text("a b c\n" * 200)
    load = partial(BatchTranslation.load, tiny_run, part_size=PART)
    plain = Job(load(), tmp_path / "plain").run(find_inputs([f"{inputs}/**/*"], tmp_path / "plain"))
    put(inputs, store)

    def job(load, output):
        work = load()
        crew = Crew(work, load, actors=2)
        return Job(work, output, do=crew.work).run(find_inputs(["s3://b/in/**/*"], output))

    with connected():
        with pytest.raises(InputError, match=r"s3://b/in/bad.txt, line 2: .* leave --strict"):
            job(partial(load, strict=True), "s3://c/strict")
        assert job(load, "s3://c/out") == plain
    assert objects(store, "c") == tree(tmp_path / "plain")
    told = json.loads(objects(store, "c", manifests=True)["manifest.json"])["outputs"]
    assert {name: entry["input"] for name, entry in told.items()} == {name: f"s3://b/in/{name}" for name in told}
