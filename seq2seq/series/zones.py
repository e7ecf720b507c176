"""Offsets that the times of a table tell: one clock for all of its series, or none."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from seq2seq.series.clock import Clock, nanoseconds

_NEAR = 32 * 86_400 * 10**9  # nanoseconds between neighbours of one offset that has not changed meanwhile


def clock_of(times: np.ndarray, ahead: np.ndarray, time_zone: str | None = None, own: bool = True) -> Clock:
    """A clock of offsets, int64 nanoseconds `(rows,)`, of instants `(rows,)`, one at each time.

    Args:
        times: datetime64[ns] array of the instants.
        ahead: int64 array of the offsets.
        time_zone: str. What local time is; the offsets may be of another zone.
        own: whether other times are written with those then.
    """
    order = np.argsort(times, kind="stable")
    instants, offsets = nanoseconds(times)[order], ahead[order]
    changes = np.append(0, np.flatnonzero(np.diff(offsets)) + 1)
    begins = instants[changes]
    begins[0] = np.iinfo(np.int64).min
    clock = Clock(changes=begins, offsets=offsets[changes], time_zone=time_zone)
    return replace(clock, own_offsets=own and bool((clock.offsets_of(times) != ahead).any()))


def of_another_zone(times: np.ndarray, ahead: np.ndarray, groups: Mapping[str, np.ndarray]) -> int | None:
    """The first row with another offset than a row at its time has, or than its neighbours in time of a series have.

    Args:
        times: datetime64[ns] array of instants, `(rows,)`.
        ahead: int64 array of offsets, `(rows,)`.
        groups: name of each series → positions of its rows.
    """
    if (ahead == ahead[0]).all():
        return None
    instants, found = nanoseconds(times), []
    order = np.argsort(instants, kind="stable")
    other = (np.diff(instants[order]) == 0) & (np.diff(ahead[order]) != 0)
    found += order[1:][other].tolist()
    spans = []  # of an offset, from a row of a series to the next one: start, end, offset
    for rows in groups.values():
        rows = rows[np.argsort(instants[rows], kind="stable")]
        start, end = instants[rows[:-1]], instants[rows[1:]]
        same = (ahead[rows[:-1]] == ahead[rows[1:]]) & (end - start <= _NEAR)
        spans.append(np.stack((start, end, ahead[rows[:-1]]))[:, same])
    start, end, offset = np.concatenate(spans, axis=1)
    for each in np.unique(offset):
        of_it = np.flatnonzero(offset == each)
        of_it = of_it[np.argsort(start[of_it], kind="stable")]
        until = np.maximum.accumulate(end[of_it])
        before = np.searchsorted(start[of_it], instants, side="right") - 1
        within = (before >= 0) & (until[np.maximum(before, 0)] > instants)
        found += np.flatnonzero(within & (ahead != each)).tolist()
    return min(found, default=None)
