"""Batch jobs on Ray: what comes out is what one process would have written, whoever is lost on the way."""

import os
import random
import shutil
import signal
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from seq2seq.errors import InputError
from seq2seq.jobs.inputs import find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.translation import BatchTranslation

ray = pytest.importorskip("ray")

from seq2seq.jobs.ray_engine import LOSSES, Crew, connected  # noqa: E402, which needs Ray
from tests.jobs.conftest import tree  # noqa: E402


def write_lines(folder, count, names=("a.txt", "b.txt")):
    folder.mkdir()
    for name in names:
        draw = random.Random(name)
        lines = [" ".join(draw.choices("abcdefghz", k=draw.randint(0, 6))) for _ in range(count)]
        (folder / name).write_text("".join(f"{line}\n" for line in lines))


def by_hand(load, inputs, output, named=str):
    """The same job in this process: its outcome, and what the user is told."""
    work = load()
    return Job(work, output).run(find_inputs([f"{inputs}/*"], output, named)), work.notes()


def by_ray(load, inputs, output, named=str, **options):
    work = load()
    job = Job(work, output, do=Crew(work, load, **options).work)
    return job.run(find_inputs([f"{inputs}/*"], output, named)), work.notes()


def test_actors_write_what_one_process_writes(tiny_run, tmp_path):
    write_lines(tmp_path / "in", 40)
    load = partial(BatchTranslation.load, tiny_run, part_size=7)
    plain = by_hand(load, tmp_path / "in", tmp_path / "plain")
    with connected():
        assert by_ray(load, tmp_path / "in", tmp_path / "out", actors=1) == plain
        assert tree(tmp_path / "out") == tree(tmp_path / "plain")
        again, _ = by_ray(load, tmp_path / "in", tmp_path / "out", actors=1)  # finds nothing to do
        assert (again.finished, again.skipped) == (0, 2)
    assert not ray.is_initialized()


@pytest.mark.parametrize(
    ("nodes", "asked", "actors", "cores"),
    [
        ([(2, 0)], {}, 1, 2),
        ([(16, 0)], {}, 4, 4),
        ([(0, 0), (6, 0), (2, 0)], {}, 3, 2),
        ([(64, 0)], {"actors": 2}, 2, 32),
        ([(2, 0)], {"actors": 3}, 3, 1),  # one of them waits
        ([(8, 2), (8, 0)], {"gpus": 1}, 2, 4),
        ([(8, 2)], {"gpus": 0.5}, 4, 2),
        ([(64, 0)], {"actors": 99}, 20, 3),  # as many as there are parts
        ([(0, 0)], {}, 1, 1),  # nodes are yet to come
    ],
)
def test_actors_have_as_many_cores_as_leave_room_for_all(monkeypatch, nodes, asked, actors, cores):
    alive = [{"Alive": True, "Resources": {"CPU": float(cpu), "GPU": float(gpu)}} for cpu, gpu in nodes]
    gone = {"Alive": False, "Resources": {"CPU": 9.0}}
    monkeypatch.setattr(ray, "nodes", lambda: [*alive, gone])
    assert Crew(None, None, **asked).planned(20) == (actors, cores)


def descendants(process):
    """The processes that one has started, and those that they have."""
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(child) for child in file.read_text().split()]
        except OSError:  # it has just gone
            continue
        for child in children:
            yield child
            yield from descendants(child)


def actors():
    """The processes of actors that are doing a part."""
    for process in descendants(os.getpid()):
        try:
            doing = Path(f"/proc/{process}/cmdline").read_bytes().startswith(b"ray::PartActor.do")
        except OSError:
            continue
        if doing:
            yield process


@contextmanager
def killing(seconds, count, also=lambda: None):
    """Kill an actor in its work each time that so many seconds have passed; do something else after half of them."""
    killed, ended, draw = [], threading.Event(), random.Random(5)

    def kill():
        while len(killed) < count and not ended.wait(draw.uniform(0, 2 * seconds)):
            if found := sorted(actors()):
                os.kill(draw.choice(found), signal.SIGKILL)
                killed.append(None)
                if len(killed) == count // 2:
                    also()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


@pytest.fixture(scope="module")
def two_nodes():
    """A cluster of two nodes, each with a core, as two machines would be."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
def test_actors_and_a_node_that_are_killed_are_made_up_for(tiny_run, tmp_path, two_nodes, record_property):
    write_lines(tmp_path / "in", 9000)
    load = partial(BatchTranslation.load, tiny_run, part_size=60)
    plain = by_hand(load, tmp_path / "in", tmp_path / "plain")
    lost = two_nodes.add_node(num_cpus=1)
    lose = partial(two_nodes.remove_node, lost, allow_graceful=False)
    with connected(two_nodes.address), killing(0.5, 6, lose) as killed:
        assert by_ray(load, tmp_path / "in", tmp_path / "out", actors=3) == plain
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")
    assert len(killed) > 3  # and the node
    record_property("kills", len(killed))


@pytest.mark.slow
def test_every_verb_on_series_comes_to_the_same_end(verbs, tmp_path, two_nodes):
    with connected(two_nodes.address):
        for name, (load, data, named) in verbs.items():
            (tmp_path / name / "in").mkdir(parents=True)
            for copy in ("a", "b"):
                shutil.copy(data, tmp_path / name / "in" / f"{copy}{data.suffix}")
            plain = by_hand(load, tmp_path / name / "in", tmp_path / name / "plain", named)
            assert by_ray(load, tmp_path / name / "in", tmp_path / name / "out", named) == plain
            assert tree(tmp_path / name / "out") == tree(tmp_path / name / "plain")


@pytest.mark.slow
def test_what_no_actor_can_do_ends_the_job(tiny_run, tmp_path, two_nodes):
    write_lines(tmp_path / "in", 40)
    load = partial(BatchTranslation.load, tiny_run, part_size=7)
    sources, output = find_inputs([f"{tmp_path}/in/*"], tmp_path / "out"), tmp_path / "out"
    work = load()
    with connected(two_nodes.address):
        with pytest.raises(InputError, match=f"{LOSSES + 1} actors were lost one after the other"):
            Job(work, output, do=Crew(work, partial(os._exit, 1), actors=1).work).run(sources)
        with pytest.raises(InputError, match=r"On the node .*none.* All nodes need the same run"):
            missing = partial(BatchTranslation.load, tmp_path / "none")
            Job(work, output, do=Crew(work, missing, actors=1).work).run(sources)
        work.model = "another"
        with pytest.raises(InputError, match="has another run"):
            Job(work, output, do=Crew(work, load, actors=1).work).run(sources)
        (tmp_path / "in" / "a.txt").write_bytes(b"a b\n\xff\n")
        with pytest.raises(InputError, match=r"a\.txt, line 2: .* leave --strict"):
            by_ray(partial(load, strict=True), tmp_path / "in", tmp_path / "strict", actors=1)
        with pytest.raises(InputError, match=r"has room for 0 of 1 actors, each with 1 CPU and 1 GPU: ask for less"):
            by_ray(load, tmp_path / "in", output, gpus=1, grows=False)
