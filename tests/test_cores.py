"""A process keeps to the cores that it may use, and gives each of them enough to do."""

import math
import os

import pytest

from seq2seq import cores as module
from seq2seq.cores import ROWS, own_cores, parts_of, time_limit, usable_cores


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 8, 16, 64])
@pytest.mark.parametrize("rows", [0.5, 1, 15, 16, 23, 24, 31.9, 32, 62.5, 64, 100, 1024])
def test_parts_are_no_more_than_the_cores_and_have_rows_enough(rows, cores):
    parts = parts_of(rows, cores)
    assert 1 <= parts <= cores
    assert parts == 1 or rows / parts >= 0.75 * ROWS
    assert parts == cores or rows / (parts + 1) < ROWS  # nor fewer than that


def test_the_smaller_batch_that_ends_an_epoch_costs_no_part():
    assert parts_of(1000 / 16, 4) == parts_of(64, 4) == 4


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A function that makes it look as if this process were in these control groups, with files of these texts."""

    def looks(own, **files):
        monkeypatch.setattr(module, "GROUPS", tmp_path)
        monkeypatch.setattr(module, "OWN_GROUPS", tmp_path / "own")
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / name.replace("__", ".").replace("-", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return looks


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/\n", {}, math.inf),
        ("0::/\n", {"cpu__max": "max 100000\n"}, math.inf),
        ("0::/\n", {"cpu__max": "150000 100000\n"}, 1.5),
        ("0::/pod/box\n", {"pod-cpu__max": "200000 100000\n", "pod-box-cpu__max": "max 100000\n"}, 2.0),
        ("0::/pod/box\n", {"pod-cpu__max": "400000 100000\n", "pod-box-cpu__max": "50000 100000\n"}, 0.5),
        ("0::/elsewhere\n", {"cpu__max": "300000 100000\n"}, 3.0),
        (
            "5:cpu,cpuacct:/docker/a\n3:cpuset:/\n",
            {"cpu-cpu__cfs_quota_us": "250000\n", "cpu-cpu__cfs_period_us": "100000\n"},
            2.5,
        ),
        ("5:cpu:/\n", {"cpu-cpu__cfs_quota_us": "-1\n", "cpu-cpu__cfs_period_us": "100000\n"}, math.inf),
    ],
)
def test_the_time_that_a_container_may_use_counts(groups, monkeypatch, own, files, limit):
    groups(own, **files)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert time_limit() == limit
    assert usable_cores() == (8 if math.isinf(limit) else math.ceil(limit))


def test_workers_of_a_container_share_its_time(groups, monkeypatch):
    groups("0::/\n", cpu__max="300000 100000\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert [usable_cores(processes) for processes in (1, 2, 3, 4)] == [3, 2, 1, 1]


def test_a_system_that_binds_no_process_has_all_cores(groups, monkeypatch):
    groups("0::/\n")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert own_cores() == [0, 1, 2] and usable_cores() == 3


def test_more_time_than_there_are_cores_is_no_matter(groups, monkeypatch):
    groups("0::/\n", cpu__max="1600000 100000\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {4, 5})
    assert usable_cores() == 2
