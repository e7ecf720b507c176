"""Shards, and what schedulers say of them."""

import pytest

from seq2seq.errors import InputError
from seq2seq.jobs.shards import Shard, read_shard, scheduled_shard


def slurm(number, first, last, step=1, count=None):
    count = (last - first) // step + 1 if count is None else count
    values = {"ID": number, "MIN": first, "MAX": last, "STEP": step, "COUNT": count}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_part_is_one_shards(count):
    shards = [Shard(number, count) for number in range(1, count + 1)]
    for part in range(20):
        assert sum(shard.takes(part) for shard in shards) == 1


@pytest.mark.parametrize("text", ["1/1", "3/16", "16/16"])
def test_a_shard_reads_as_it_is_written(text):
    assert str(read_shard(text)) == text


@pytest.mark.parametrize("text", ["0/4", "5/4", "3", "a/b", "-1/4", "1/0", "1.0/4", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(InputError, match="such as 3/16"):
        read_shard(text)


def test_without_a_scheduler_all_is_one_shard():
    assert scheduled_shard({"HOME": "/", "SLURM_JOB_ID": "7"}) == Shard(1, 1)


@pytest.mark.parametrize(("first", "last", "step"), [(0, 15, 1), (1, 16, 1), (5, 11, 3), (4, 4, 1), (0, 10, 4)])
def test_the_tasks_of_an_array_are_all_shards(first, last, step):
    shards = [scheduled_shard(slurm(number, first, last, step)) for number in range(first, last + 1, step)]
    assert shards == [Shard(number, len(shards)) for number in range(1, len(shards) + 1)]


@pytest.mark.parametrize("number", [1, 3, 7])
def test_an_array_with_gaps_is_refused(number):
    with pytest.raises(InputError, match="give --shard"):
        scheduled_shard(slurm(number, 1, 7, 1, count=3))


def test_an_indexed_job_counts_from_zero():
    shards = [scheduled_shard({"JOB_COMPLETION_INDEX": str(i), "JOB_COMPLETIONS": "3"}) for i in range(3)]
    assert shards == [Shard(1, 3), Shard(2, 3), Shard(3, 3)]


@pytest.mark.parametrize(
    "environment",
    [
        {"JOB_COMPLETION_INDEX": "0"},
        {"JOB_COMPLETION_INDEX": "3", "JOB_COMPLETIONS": "3"},
        {"JOB_COMPLETION_INDEX": "x", "JOB_COMPLETIONS": "3"},
        {"SLURM_ARRAY_TASK_ID": "1"},
    ],
)
def test_a_scheduler_that_does_not_tell_is_an_error(environment):
    with pytest.raises(InputError):
        scheduled_shard(environment)
