"""Batch jobs: whatever happens on the way, what comes out is what one undisturbed run would have written."""

import csv
import gzip
import io
import itertools
import json
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.inference.search import Search
from seq2seq.inference.translator import Translator
from seq2seq.jobs import translation
from seq2seq.jobs.inputs import find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.manifest import Manifest
from seq2seq.jobs.parts import FOLDER, HeldParts, Parts
from seq2seq.jobs.shards import Shard
from seq2seq.jobs.translation import BatchTranslation
from seq2seq.report import Progress, Report
from seq2seq.run import Run
from seq2seq.text.records import record_file
from tests.jobs.conftest import KILLED, tree


def run(work, inputs, output, pattern="**/*", **options):
    return Job(work, output, **options).run(find_inputs([f"{inputs}/{pattern}"], output))


def manifest(folder):
    return {
        name: entry
        for path in folder.glob("manifest*.json")
        for name, entry in json.loads(path.read_text())["outputs"].items()
    }


def test_an_output_is_what_the_translator_says(work, inputs, tmp_path, loaded):
    outcome = run(work(part_size=1000), inputs, tmp_path / "out")
    assert (outcome.finished, outcome.bad_records, outcome.problems) == (4, 0, [])
    found = tree(tmp_path / "out")
    assert found.keys() == {"a.txt", "b.txt.gz", "deep/c.txt", "empty.txt"}
    for name, content in found.items():
        source = (inputs / name).read_bytes()
        if name.endswith(".gz"):
            source, content = gzip.decompress(source), gzip.decompress(content)
        assert content.decode().split("\n")[:-1] == loaded.translator.translate(source.decode().split("\n")[:-1])
        assert manifest(tmp_path / "out")[name]["records"] == source.count(b"\n")


@settings(max_examples=8)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["a b", "\0", "\u200b", "h " * 99]))
)
def test_lines_are_never_lost(work, lines):
    content = "\n".join(lines).encode()
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "in.txt"), Path(folder, "out")
        source.write_bytes(content)
        assert run(work(), folder, output, "in.txt").bad_records == 0
        count = content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
        assert (output / "in.txt").read_bytes().count(b"\n") == count == manifest(output)["in.txt"]["records"]


class Halt(BaseException):
    pass


class Halting(Progress):
    """Stops the job after so many steps."""

    def __init__(self, steps):
        self.left = steps

    def advance(self, *args, **figures):
        self.left -= 1
        if self.left < 0:
            raise Halt


class HaltingReport(Report):
    def __init__(self, steps):
        self.steps = steps

    def progress(self, title, total, unit):
        return nullcontext(Halting(self.steps) if title == "Translating" else Progress())


def test_a_job_that_is_stopped_anywhere_goes_on_to_the_same_end(work, inputs, tmp_path):
    run(work(), inputs, tmp_path / "whole")
    whole = tree(tmp_path / "whole")
    stops = 0
    for steps in itertools.chain(range(8), itertools.repeat(5)):
        try:
            run(work(), inputs, tmp_path / "halted", report=HaltingReport(steps))
            break
        except Halt:
            stops += 1
            found = {n: c for n, c in tree(tmp_path / "halted").items() if not n.startswith(FOLDER)}
            assert found.items() <= whole.items()  # whatever has its name is whole
            assert not list((tmp_path / "halted").rglob(".writing-*"))
    assert stops > 5
    assert tree(tmp_path / "halted") == whole


@pytest.mark.parametrize("count", [3, 20])
def test_shards_together_are_one_run(work, inputs, tmp_path, count):
    run(work(), inputs, tmp_path / "whole")
    outcomes = [run(work(), inputs, tmp_path / "out", shard=Shard(n, count)) for n in range(count, 0, -1)]
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert outcomes[0].waiting and not outcomes[-1].waiting
    assert sum(outcome.finished for outcome in outcomes) >= 4
    again = run(work(), inputs, tmp_path / "out")  # as one shard: it finds what the others have finished
    assert (again.finished, again.skipped) == (0, 4)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_parts_may_be_done_one_by_one_elsewhere_in_any_order(work, inputs, tmp_path, monkeypatch, seed):
    (inputs / "z.txt").write_text("a z b\n" * 20 + "z\n")
    here, elsewhere, plain, opened, counts = work(), work(), work(), [], []
    run(plain, inputs, tmp_path / "whole")
    monkeypatch.setattr(translation, "record_file", lambda *given: opened.append(given) or record_file(*given))

    def do(todo, progress):
        each = [(source, parts, number) for source, parts, numbers in todo for number in numbers]
        if seed:
            random.Random(seed).shuffle(each)
        for source, parts, number in each:
            held, before = HeldParts(), len(opened)
            list(elsewhere.work([(source, held, [number])], Progress()))
            counts.append(len(opened) - before)
            parts.put(number, *held.take(number))
            here.add_notes(elsewhere.take_notes())
            yield source

    run(here, inputs, tmp_path / "out", do=do)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert here.notes() == plain.notes() and "not in the vocabulary" in here.notes()[0]
    assert seed or sum(counts) == 4 < len(counts)  # in their order, each input is opened once for all its parts


def test_two_shards_may_join_at_once(work, inputs, tmp_path, monkeypatch):
    whole, output = tmp_path / "whole", tmp_path / "out"
    run(work(), inputs, whole)
    second = []
    usual = Parts.replacing

    def with_another(parts, name):
        if not name.startswith(FOLDER) and not second:
            second.append(None)
            second[0] = run(work(), inputs, output, shard=Shard(2, 2))  # joins, and removes the parts
        return usual(parts, name)

    Job(work(), output, shard=Shard(2, 2)).run(find_inputs([f"{inputs}/**/*"], output))
    monkeypatch.setattr(Parts, "replacing", with_another)
    outcome = run(work(), inputs, output, shard=Shard(1, 2))
    assert second and not outcome.waiting
    assert tree(output) == tree(whole)


def test_what_is_finished_is_not_done_again(work, inputs, tmp_path):
    output = tmp_path / "out"
    run(work(), inputs, output)
    stamps = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    outcome = run(work(), inputs, output)
    assert (outcome.finished, outcome.skipped) == (0, 4)
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == stamps


@pytest.mark.parametrize("change", ["input", "output", "gone", "manifest", "model", "settings"])
def test_what_is_not_as_the_manifest_says_is_done_again(work, inputs, tmp_path, change):
    output = tmp_path / "out"
    run(work(), inputs, output)
    before, made = tree(output), work()
    if change == "input":
        (inputs / "a.txt").write_text("a b c\n")
    elif change == "output":
        (output / "a.txt").write_text("tampered with\n")
    elif change == "gone":
        (output / "a.txt").unlink()
    elif change == "manifest":
        (output / "manifest.json").write_text("{broken")
    elif change == "model":
        made.model = "another"
    else:
        made = work(search=Search(beam_size=2))
    outcome = run(made, inputs, output)
    assert outcome.finished == (1 if change in ("input", "output", "gone") else 4)
    if change not in ("input", "settings"):
        assert tree(output) == before
    if change == "input":
        assert (output / "a.txt").read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("name", ["a.txt", "deep/c.txt", "empty.txt"])
def test_what_no_job_has_written_is_not_replaced(work, inputs, tmp_path, name):
    output = tmp_path / "out"
    (output / name).parent.mkdir(parents=True)
    (output / name).write_text("of somebody else\n")
    for _ in range(2):
        with pytest.raises(InputError, match=rf"{name} would be replaced, .* choose another --output") as refused:
            run(work(), inputs, output)
        assert "\n" not in str(refused.value)
        assert (output / name).read_text() == "of somebody else\n"
    (output / name).unlink()
    run(work(), inputs, output)
    run(work(), inputs, tmp_path / "whole")
    assert tree(output) == tree(tmp_path / "whole")


@pytest.mark.parametrize("pattern", ["**/*", "empty.txt"])
def test_what_a_job_wrote_that_could_not_tell_of_it_is_its_own(work, inputs, tmp_path, monkeypatch, pattern):
    def halt(self):
        raise Halt

    output = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", halt)
        with pytest.raises(Halt):
            run(work(), inputs, output, pattern)
    assert {"a.txt", "empty.txt"} & tree(output).keys() and not manifest(output)
    outcome = run(work(), inputs, output, pattern)
    assert outcome.finished == (1 if pattern == "empty.txt" else 4)


def test_parts_of_another_model_are_never_joined(work, inputs, tmp_path):
    output = tmp_path / "out"
    other = work()
    other.model = "another"
    with pytest.raises(Halt):
        run(other, inputs, output, report=HaltingReport(3))
    for path in (output / FOLDER).rglob("0*"):
        path.write_bytes(b"of another model\n")
    run(work(), inputs, output)
    run(work(), inputs, tmp_path / "whole")
    assert tree(output) == tree(tmp_path / "whole")


def test_models_are_told_apart(tiny_run, tmp_path):
    def of(folder):
        return BatchTranslation.load(folder).model

    moved = shutil.copytree(tiny_run, tmp_path / "moved")
    (moved / "metrics.json").unlink()
    assert of(moved) == of(tiny_run)
    weights = [weight + 1 for weight in Translator.load(moved).model.get_weights()]
    Run.open(moved, "translation").save_weights(weights)
    assert of(moved) != of(tiny_run)


BAD = {
    "bad.txt": b"a b\n\xff\xfe\nc d",
    "bad.jsonl": b'{"text": "a b"}\n{"text": 3}\n{"text": "\\ud800 c"}\n{}\n',
    "bad.tsv": b"id\ttext\n1\ta b\n2\n3\tc d\n",
    "bad.csv": b'id,text\n1,"a\nb"\n2\n3,c d\n',
}


@pytest.fixture
def bad_inputs(tmp_path):
    (tmp_path / "bad").mkdir()
    for name, content in BAD.items():
        (tmp_path / "bad" / name).write_bytes(content)
    return tmp_path / "bad"


@pytest.mark.parametrize("part_size", [1, 1000])
def test_bad_records_are_listed_and_keep_their_place(work, bad_inputs, tmp_path, part_size):
    output = tmp_path / "out"
    outcome = run(work(field="text", part_size=part_size), bad_inputs, output)
    assert (outcome.finished, outcome.bad_records) == (4, 5)

    def rejected(name):
        return [json.loads(line) for line in (output / f"{name}.rejected.jsonl").read_text().splitlines()]

    places = {name: [row["line"] for row in rejected(name)] for name in BAD}
    assert places == {"bad.txt": [2], "bad.jsonl": [2, 4], "bad.tsv": [3], "bad.csv": [4]}
    assert all(row["reason"] and isinstance(row["start"], str) for name in BAD for row in rejected(name))
    lines = (output / "bad.txt").read_text().split("\n")
    assert len(lines) == 4 and lines[0] and not lines[1] and lines[2]
    objects = [json.loads(line)["translation"] for line in (output / "bad.jsonl").read_text().splitlines()]
    assert [value is None for value in objects] == [False, True, False, True]
    rows = list(csv.reader(io.StringIO((output / "bad.csv").read_text()), strict=True))
    assert [len(row) for row in rows] == [3] * 4 and [bool(row[2]) for row in rows] == [True, True, False, True]


def test_a_list_of_bad_records_goes_when_they_are_mended(work, bad_inputs, tmp_path):
    for content in (BAD["bad.txt"], b"a b\n"):
        (bad_inputs / "bad.txt").write_bytes(content)
        run(work(), bad_inputs, tmp_path / "out", "bad.txt")
    assert tree(tmp_path / "out").keys() == {"bad.txt"}


@pytest.mark.parametrize("name", BAD)
def test_strict_stops_at_the_first_bad_record(work, bad_inputs, tmp_path, name):
    with pytest.raises(InputError, match=rf"{name}, line \d: .*"):
        run(work(field="text", strict=True), bad_inputs, tmp_path / "out", name, strict=True)
    assert name not in tree(tmp_path / "out")


def test_strict_does_not_take_the_parts_of_a_run_that_was_not(work, bad_inputs, tmp_path):
    run(work(), bad_inputs, tmp_path / "out", "bad.txt")
    with pytest.raises(InputError, match="1 bad records"):
        run(work(strict=True), bad_inputs, tmp_path / "out", "bad.txt", strict=True)


def test_a_damaged_input_is_done_up_to_the_damage_and_told(work, inputs, tmp_path):
    whole = gzip.compress(b"".join(b"a b\n" if i % 2 else b"%d\n" % (i**5) for i in range(3000)))
    (inputs / "b.txt.gz").write_bytes(whole[: len(whole) // 2])
    for _ in range(2):  # and told again, though it is finished
        outcome = run(work(part_size=1000), inputs, tmp_path / "out")
        assert len(outcome.problems) == 1 and "b.txt.gz" in outcome.problems[0] and not outcome.waiting
    done = gzip.decompress((tmp_path / "out" / "b.txt.gz").read_bytes()).count(b"\n")
    assert 100 < done < 3000 and manifest(tmp_path / "out")["b.txt.gz"]["records"] == done
    assert manifest(tmp_path / "out").keys() == {"a.txt", "b.txt.gz", "deep/c.txt", "empty.txt"}
    with pytest.raises(InputError, match=r"b\.txt\.gz"):
        run(work(part_size=1000), inputs, tmp_path / "strict", strict=True)


def test_an_input_that_cannot_be_read_stops_no_other(work, bad_inputs, tmp_path):
    (bad_inputs / "bad.tsv").write_bytes(b"id\tnone\n1\ta b\n")
    (bad_inputs / "bad.txt.gz").write_bytes(b"\x9f\x8b\x08 no gzip, no text")
    outcome = run(work(field="text"), bad_inputs, tmp_path / "out")
    assert len(outcome.problems) == 2 and outcome.finished == 3
    assert not {"bad.tsv", "bad.txt.gz"} & tree(tmp_path / "out").keys()


def test_texts_that_are_cut_are_counted(work, tmp_path):
    (tmp_path / "long.txt").write_text("a b\n" + "a " * 3000 + "\n")
    made = work()
    run(made, tmp_path, tmp_path / "out", "long.txt")
    assert "1 inputs were cut" in made.notes()[0]
    made = work(search=Search(max_length_ratio=0.0, max_length_extra=1))
    run(made, tmp_path, tmp_path / "short", "long.txt")
    assert "2 of 2 translations were cut at the length limit" in made.notes()[1]


def killed(folder, **plan):
    """Run jobs that are killed; returns how many were, and what came out."""
    plan = {
        "task": "translate",
        "run": None,
        "part_size": 3,
        "inputs": [f"{folder}/in/*"],
        "output": f"{folder}/out",
        "shards": 1,
    } | plan
    done = subprocess.run([sys.executable, KILLED, json.dumps(plan)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout), tree(Path(plan["output"]))


def kill_inputs(folder, count):
    draw = random.Random(2)
    (folder / "in").mkdir()
    for number in range(3):
        with gzip.open(folder / "in" / f"{number}.jsonl.gz", "wb") as file:
            for _ in range(count):
                text = " ".join(draw.choices("abcdefgh", k=draw.randint(0, 6)))
                file.write(json.dumps({"text": text} if draw.random() < 0.9 else {}).encode() + b"\n")


@pytest.mark.slow
def test_killed_processes_leave_nothing_half_written(tmp_path):
    kill_inputs(tmp_path, 90)
    _, whole = killed(tmp_path, kills=0, seconds=0, seed=0, output=f"{tmp_path}/whole")
    count, found = killed(tmp_path, kills=6, seconds=0.1, seed=1, shards=2)
    assert found == whole and count >= 3


def killed_until(count, folder, **plan):
    """Jobs of two shards, killed and started again, one job after the other until so many kills have been survived."""
    _, whole = killed(folder, kills=0, seed=0, output=f"{folder}/whole", **plan)
    survived = seed = 0
    while survived < count:
        shutil.rmtree(folder / "out", ignore_errors=True)
        seed += 1
        kills, found = killed(folder, kills=count, seed=seed, shards=2, **plan)
        assert found == whole
        survived += kills
    return survived


@pytest.mark.slow
@pytest.mark.parametrize("model", [False, True])
def test_shards_that_are_killed_fifty_times_come_to_the_same_end(tiny_run, tmp_path, model, record_property):
    if model:
        (tmp_path / "in").mkdir()
        lines = [" ".join(random.Random(i).choices("abcdefgh", k=i % 7)) for i in range(8000)]
        for name in ("a.txt", "b.txt"):
            (tmp_path / "in" / name).write_text("\n".join(lines))
    else:
        kill_inputs(tmp_path, 600)
    plan = {"run": str(tiny_run), "part_size": 40, "seconds": 4.0} if model else {"seconds": 0.4}
    record_property("kills", killed_until(50, tmp_path, **plan))


@pytest.mark.slow
def test_reconstructions_that_are_killed_come_to_the_same_end(beats_run, beats_file, tmp_path, record_property):
    with np.load(beats_file) as arrays:
        samples = np.tile(arrays["test"], (80, 1))
    (tmp_path / "in").mkdir()
    np.save(tmp_path / "in" / "a.npy", samples)
    np.savez(tmp_path / "in" / "b.npz", train=samples[::-1])
    np.savez(tmp_path / "in" / "c.npz", other=samples[:2])  # which is refused
    plan = {"task": "reconstruct", "run": str(beats_run), "part_size": 50, "seconds": 4.0}
    record_property("kills", killed_until(30, tmp_path, **plan))


def test_a_line_of_nothing_has_a_line_of_nothing(work, tmp_path):
    (tmp_path / "in").mkdir()
    lines = ["a b", "", " \t", "\u200b\u2060", "c d\r", "\ufeff ", "\u200b a", "e f"]
    (tmp_path / "in" / "a.txt").write_text("".join(f"{line}\n" for line in lines), newline="")
    run(work(), tmp_path / "in", tmp_path / "out")
    written = (tmp_path / "out" / "a.txt").read_text().split("\n")
    assert written.pop() == ""
    assert [bool(line) for line in written] == [True, False, False, False, True, False, True, True]
