"""Whether what a run holds out has trained a run that it learns from: its own figures would flatter it then."""

from collections.abc import Mapping, Sequence
from typing import Any

from seq2seq.config.resolving import settings_of, to_mapping
from seq2seq.run.directory import Run

VALID = "data.valid"
SHARES = ("data.valid_share", "data.test_share")
# What decides, with the shares, which part of the same data is held out, where no other data are given for it. Which
# side of a text is the source does, since a pair is drawn by its source.
SPLIT = (VALID, "data.fold", "data.hold_out", "data.limit", "data.source", "data.target", "data.swap")
# By these two trainings on one file may have no row in common.
ROWS = ("data.array", "data.keep")


def how_seen(config: Any, data: Mapping[str, Sequence[str]], drawn: bool, earlier: Run) -> str | None:
    """Why `earlier` may have been trained on some of what a training holds out; None where nothing tells that it has.

    Only data that are the same files, or the same in memory, are known again, and how many rows they have is not known.

    Args:
        config: configuration of the training.
        data: the checksums of the files that each of its settings of data stands for, as in `Run.data`.
        drawn: bool. Whether the seed decides what is held out, and not the order of the data.
        earlier: the run that it starts from, or learns from.

    Returns:
        What differs, such as `"seed=2 (there 1)"`, or of which files `earlier` was trained.
    """
    ours, theirs = settings_of(to_mapping(config)), settings_of(earlier.config)
    checksums, theirs_trained = _of_data(data), _of_data(earlier.data)
    held_out, _ = checksums.pop(VALID, set()), theirs_trained.pop(VALID, None)
    trained_on, trained = set().union(*checksums.values()), set().union(*theirs_trained.values())
    if held_out:
        # Where both parts are of one file, such as a data set of several splits, nothing tells which rows were which.
        seen = held_out & trained - trained_on
        return f"{VALID}={ours[VALID]} was of its training part" if seen else None
    if not trained & trained_on or any(ours.get(name) != theirs.get(name) for name in ROWS):
        return None
    names = [*SPLIT, *["seed"] * drawn]
    differing = [name for name in names if ours.get(name) != theirs.get(name)]
    shares, before = ([float(each.get(name) or 0) for name in SHARES] for each in (ours, theirs))
    # The end of the data, or the first ones drawn by a seed, lie within a larger share of them.
    within = sum(shares) <= sum(before) if not drawn else shares[1] == before[1] and shares[0] <= before[0]
    if not differing and within:
        return None
    differing += [name for name in SHARES if ours.get(name) != theirs.get(name)]
    return ", ".join(f"{name}={ours.get(name)} (there {theirs.get(name)})" for name in differing) or None


def _of_data(checksums):
    """Those of data, by setting; models of tokenizers say nothing of rows."""
    return {name: set(content) for name, content in checksums.items() if name.startswith("data.")}
