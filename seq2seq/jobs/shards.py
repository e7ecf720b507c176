"""Which share of a job is whose, where several processes share it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from seq2seq.errors import InputError


@dataclass(frozen=True)
class Shard:
    """Share `number` of `count`, counted from 1."""

    number: int = 1
    count: int = 1

    def __str__(self):
        return f"{self.number}/{self.count}"

    def takes(self, part: int) -> bool:
        """Whether the part with this number, counted from 0 over all inputs of the job, is one of this shard."""
        return part % self.count == self.number - 1


def read_shard(text: str) -> Shard:
    """`"3/16"` → the third of sixteen.

    Raises:
        InputError: it is none.

    >>> read_shard("3/16")
    Shard(number=3, count=16)
    """
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    shard = Shard(*map(int, match.groups())) if match else None
    if shard is None or not 1 <= shard.number <= shard.count:
        raise InputError(f"--shard {text}: expected NUMBER/COUNT, NUMBER from 1 to COUNT, such as 3/16.")
    return shard


def scheduled_shard(environment: Mapping[str, str]) -> Shard:
    """The shard that a scheduler gave this process: an array job of SLURM, or an Indexed Job of Kubernetes.

    Kubernetes tells a pod its index but not how many there are: the job must set JOB_COMPLETIONS. Without a scheduler
    all is one shard.

    Args:
        environment: environment variables, such as `os.environ`.

    Raises:
        InputError: the variables do not tell.
    """
    if "SLURM_ARRAY_TASK_ID" in environment:
        return _of_slurm(environment)
    if "JOB_COMPLETION_INDEX" in environment:
        if "JOB_COMPLETIONS" not in environment:
            raise InputError(
                "JOB_COMPLETION_INDEX is set but not JOB_COMPLETIONS, the number of completions of the job: set it in "
                "the manifest (env), or give --shard."
            )
        index, count = (_number(environment, name) for name in ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"))
        return read_shard(f"{index + 1}/{count}")
    return Shard()


def _of_slurm(environment):
    number = _number(environment, "SLURM_ARRAY_TASK_ID")
    first = _number(environment, "SLURM_ARRAY_TASK_MIN", 0)
    step = _number(environment, "SLURM_ARRAY_TASK_STEP", 1) or 1
    count = _number(environment, "SLURM_ARRAY_TASK_COUNT")
    last = _number(environment, "SLURM_ARRAY_TASK_MAX", first + step * (count - 1))
    place, remainder = divmod(number - first, step)
    # An array such as 1,3,7 has no step: which of its tasks this is cannot be told.
    if remainder or not 0 <= place < count or (last - first) // step + 1 != count:
        raise InputError(
            f"SLURM_ARRAY_TASK_ID={number} is none of {count} tasks from {first} on in steps of {step}: "
            "use an array such as --array=1-16, or give --shard."
        )
    return Shard(place + 1, count)


def _number(environment, name, default=None):
    text = environment.get(name, default)
    try:
        return int(text)
    except (TypeError, ValueError):
        raise InputError(f"{name}={text!r} is no number: give --shard NUMBER/COUNT.") from None
