"""What there is to tell, and to refuse, where a training starts from another run and meets new data."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.series_data import for_training, read_data
from seq2seq.inference.texts import commonest
from seq2seq.report import Report
from seq2seq.run.directory import Run
from seq2seq.run.parent import Parent
from seq2seq.run.resuming import digests
from seq2seq.run.seen import how_seen
from seq2seq.series.files import data_files
from seq2seq.series.rhythm import parsed
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import MissingColumnError, listed
from seq2seq.series.table import Series
from seq2seq.series.time_axis import between
from seq2seq.sources import InMemory, Source
from seq2seq.tasks.series_split import Split

# Standard deviations that a mean has moved, times that a spread has grown or shrunk: more is told as drift.
FAR, WIDE = 1.0, 2.0
MUCH_UNKNOWN = 0.01  # of the tokens: more of them, and a vocabulary does not suit a text
_Config = TypeVar("_Config")


def of_kind(kind: type[_Config], config: _Config) -> _Config:
    """`config`, if it is of that kind.

    Raises:
        InputError: it is the configuration of another training.
    """
    if not isinstance(config, kind):
        raise InputError(
            f"{type(config).__name__} is of another training: expected what resolve({kind.__name__}, …) gives."
        )
    return config


def at_hand(config: Any, needed: str, **given: str | None) -> Any:
    """`config` with the data that a training was given beside it, in place of the names of files.

    Args:
        config: configuration with a section `data`.
        needed: the setting of that section without which there is nothing to train on.
        **given: settings of that section → `InMemory`; None where nothing was given.

    Raises:
        InputError: no data; the setting names other data; or what was given is the name of a file.
    """
    if given[needed] is None and not getattr(config.data, needed):
        raise InputError(f"there are no data to train on: name a file by data.{needed}, or in Python give data=.")
    given = {name: location for name, location in given.items() if location is not None}
    for name, location in given.items():
        named = getattr(config.data, name)
        if not isinstance(location, InMemory):
            raise InputError(f"{location} is given as the data themselves: name a file by data.{name}={location}.")
        if named and named != location:
            raise InputError(f"data.{name}={named} names data, and others were given beside it: leave one of them out.")
    return replace(config, data=replace(config.data, **given)) if given else config


def series_files(config: Any) -> dict[str, Sequence[Source]]:
    """The files that a training on numbers reads, by the setting that names them, as for `Run.start`."""
    return {"data.location": data_files(config.data.location)}


def warn_of_seen(
    config: Any,
    data: Mapping[str, Iterable[Source]],
    parent: Parent | None,
    report: Report,
    *,
    drawn: bool,
    teachers: Iterable[str] = (),
) -> None:
    """Warn where what a new run holds out has trained another that it starts from, or learns from.

    Args:
        config, drawn: as for `how_seen`.
        data: the files that each setting of data stands for, as for `Run.start`.
        parent: `Parent`, or None.
        report: `Report`.
        teachers: folders of further runs.
    """
    earlier = {path: Run.open(path, config.task) for path in teachers} | ({parent.given: parent.run} if parent else {})
    checksums = {name: digests(files) for name, files in data.items()} if earlier else {}
    for name, run in earlier.items():
        if how := how_seen(config, checksums, drawn, run):
            report.warn(
                f"{name} may have been trained on some of what is held out here, the data being the same: {how}; then "
                "the figures of the validation part flatter, and a threshold fitted to it is too low: hold out what "
                "that run did, or give other data"
            )


def tell_unknown(rates: Mapping[str, float], symbols: Counter[str], parent: Parent, report: Report) -> None:
    """Tell how much of the new text the vocabulary of a parent does not know, and warn where that is much.

    Args:
        rates: name of a side of the text to the share of its tokens that is unknown.
        symbols: how often each was met, as far as they were counted.
        parent: `Parent`.
        report: `Report`.
    """
    shares = " and ".join(f"{rate:.2%} of the {side}" for side, rate in rates.items())
    told = f"unknown to the vocabulary of {parent.given}: {shares}, by tokens"
    told += f": {commonest(symbols)}" if symbols else ""
    if max(rates.values()) > MUCH_UNKNOWN:
        report.warn(f"{told}; the model reads and writes none of these: train anew where they matter")
    else:
        report.say(told)


def read_for(config: Any, parent: Parent | None, report: Report, windowed: bool) -> Series:
    """The data of a training on numbers, see `read_data`.

    Raises:
        InputError: as `read_data`; also where they lack the column by which the data of a parent are several series.
    """
    group = parent and parent.settings.data.group
    try:
        return read_data(for_training(config.data), report, windowed=windowed)
    except MissingColumnError as error:
        if not group or group != config.data.group or error.column != group:
            raise
        raise InputError(
            f"{str(error).rstrip('.')}; data.group={group} is that of {parent.given}: --set data.group=none reads one "
            "series, and --group another column."
        ) from error


def fitting(series: Series, scaler: Scaler | None, location: str) -> Series:
    """`series` with the columns that a scaler knows, in its order; without one as they are.

    Raises:
        InputError: the columns are others.
    """
    if scaler is None or tuple(series.columns) == scaler.columns:
        return series
    if len(series.columns) != len(scaler.columns):
        raise InputError(
            f"{location} has {len(series.columns)} columns ({listed(series.columns)}), the run to start from "
            f"{len(scaler.columns)} ({listed(scaler.columns)}): choose the same by --columns, or train without --from."
        )
    return scaler.match(series)


def tell_drift(parts: Split, parent: Parent | None, report: Report) -> None:
    """Tell how far the training part lies from what the units of a parent were measured on, column by column.

    Args:
        parts: the data, with the scaler of the parent.
        parent: `Parent`, or None: there is nothing to tell.
        report: `Report`.

    Raises:
        InputError: the steps of the data are not those of the parent.
    """
    if parent is None:
        return
    _refuse_other_steps(parts.train, parent)
    rows, drifted, scaled = [], [], np.concatenate(parts.scaled("train")).astype(np.float64)
    for feature, name in enumerate(parts.scaler.columns):
        old, seen = _spread_there(parts.scaler, feature), scaled[:, feature][~np.isnan(scaled[:, feature])]
        if old is None or not len(seen):
            continue
        moved, times = (seen.mean() - old[0]) / old[1], seen.std() / old[1]
        rows.append((name, f"{moved:+.2f}", f"{times:.2f}"))
        if abs(moved) > FAR or not 1 / WIDE <= times <= WIDE:
            drifted.append(name)
    heads = ("column", "mean, standard deviations from the old one", "spread / the old one")
    report.table(f"The training part in the units of {parent.given}", heads, rows)
    if drifted:
        report.warn(
            f"{listed(drifted)}: far from the data of {parent.given}, whose units are kept: if the forecasts or scores "
            "are bad, train without --from, in units of their own"
        )


def _refuse_other_steps(series, parent):
    rhythm = series.reading.rhythm
    if series.times is None or not rhythm:
        return
    apart = np.concatenate([between(part, parsed(rhythm), series.clock) for part in series.times])
    if len(apart) and abs(np.median(apart) - 1) > 0.01:
        raise InputError(
            f"most rows are {np.median(apart):.3g} steps of {rhythm} apart, the step of {parent.given}: bring them to "
            f"it by --step {rhythm}, or train without --from."
        )


def _spread_there(scaler, feature):
    """Mean and standard deviation of a column in the training of the parent, in scaled numbers; None: not known."""
    if scaler.columns[feature] in scaler.plain:
        return None
    if scaler.kind == "standard":
        return 0.0, 1.0
    if scaler.seen is None or scaler.groups:
        return None
    mean, spread = (part[feature] for part in scaler.seen)
    center, scale = scaler.center[feature], scaler.scale[feature]
    return ((mean - center) / scale, spread / scale) if spread > 0 else None
