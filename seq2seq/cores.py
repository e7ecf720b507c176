"""The cores that a process may keep busy, and what one of them should have to do."""

import math
import os
from pathlib import Path

ROWS = 16  # of a part of a batch, or about as many: what was measured takes little less time with 8
GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def own_cores() -> list[int]:
    """The numbers of the cores that this process is bound to, or all, where a system does not tell or bind."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def usable_cores(processes: int = 1) -> int:
    """How many cores this process may keep busy.

    Those that it is bound to; in a container that may use less time than they have, as many as have that time, rounded
    up: threads beyond it are all stopped for a while as soon as it is used up.

    Args:
        processes: int. How many, this one included, share the time of the container evenly.
    """
    bound_to, limit = len(own_cores()), time_limit() / processes
    return min(bound_to, max(math.ceil(limit), 1)) if math.isfinite(limit) else bound_to


def cores_of(index: int, count: int) -> set[int]:
    """The cores of one of `count` processes: its share, or one in common with others where they are fewer."""
    cores = own_cores()
    return set(cores[index::count]) or {cores[index % len(cores)]}


def parts_of(rows: float, cores: int) -> int:
    """In how many parts to train on a batch at once: as many as there are cores, and parts of some 16 rows.

    Args:
        rows: float. In a batch, the mean of several.
        cores: int. That there are for it.

    >>> parts_of(64, 2), parts_of(64, 8), parts_of(256, 8), parts_of(16, 8)
    (2, 4, 8, 1)
    """
    return max(min(cores, int(rows / ROWS + 0.5)), 1)


def time_limit() -> float:
    """How many cores' time the control groups of this process let it use; infinite where they do not limit it."""
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:  # no Linux
        return math.inf
    limits = [math.inf]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        own = Path(path.lstrip("/"))
        for folder in (own, *own.parents):  # a group has no more time than those that it is in
            if controllers:  # version 1; a container sees its own group at the root
                limits += (_quota(root / folder) for root in (GROUPS / controllers, GROUPS / "cpu"))
            else:
                limits.append(_quota(GROUPS / folder))
    return min(limits)


def _quota(folder):
    try:
        if (both := folder / "cpu.max").exists():
            quota, period = both.read_text().split()
        else:
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
    except (OSError, ValueError):
        return math.inf
    return math.inf if quota in ("max", "-1") else int(quota) / int(period)
