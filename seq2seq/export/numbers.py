"""Runs on numbers: their graphs, and what holds an export against its run."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seq2seq.errors import InputError
from seq2seq.export.autoencoder import autoencoder_graphs
from seq2seq.export.graph import Graph
from seq2seq.export.parity import ROWS, Difference, compared, with_missing
from seq2seq.export.stream_forecaster import stream_graphs
from seq2seq.export.window_forecaster import window_graphs
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.loaded import graphs_of
from seq2seq.inference.pieces import Pieces, cut, num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.selection import Selection, part_of
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.series.table import Series

load_reconstructor, load_forecaster = Reconstructor.load, Forecaster.load


def files(run: Run) -> list[Path]:
    """What an export has beside its graphs."""
    beside = (run.scaler, run.learned, run.linear, run.calibration, run.detector)
    return [file for file in beside if file.exists()]


def autoencoder(reconstructor: Reconstructor, new: type[Graph] = Graph) -> dict[str, Graph]:
    """The graphs of an autoencoder."""
    return autoencoder_graphs(reconstructor.model, new)


def forecaster(loaded: Forecaster, new: type[Graph] = Graph) -> dict[str, Graph]:
    """The graphs of a forecaster."""
    return (stream_graphs if loaded.stateful else window_graphs)(loaded.model, new)


class Sample(NamedTuple):
    """Series to hold an export against.

    Attributes:
        series: `Series`.
        chosen: `Selection` of their steps.
        called: str. What they are called.
    """

    series: Series
    chosen: Selection
    called: str


def read_sequences(own: Reconstructor, report: Report, location: str | None = None) -> Sample:
    """Series of a file, by default the validation part of the training.

    Raises:
        InputError: they cannot be read, or are too short.
    """
    sample = _sample(own, location, report)
    sequences(own, sample, 1)
    return sample


def read_histories(own: Forecaster, report: Report, location: str | None = None) -> Sample:
    """The same for a forecaster."""
    sample = _sample(own, location, report)
    histories(own, sample, 1)
    return sample


def sequences(own: Reconstructor, sample: Sample, count: int) -> Iterator[Pieces]:
    """About so many scaled sequences of a sample, or all where it has fewer, evenly spread over it."""
    scaled, look_back = sample.chosen.cut(own.scaled(sample.series)), own.look_back
    if not look_back:
        scaled = scaled[:: -(-len(scaled) // count)]
    total = num_pieces(np.array([len(values) for values in scaled]), look_back)
    if not total:
        raise InputError(_too_short(sample, f"a window has {look_back} steps"))
    return cut(scaled, look_back, stride=max(total // count, 1))


def histories(own: Forecaster, sample: Sample, count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the model reads of each series of a sample, and about so many origins in it, as `rolling` takes them."""
    chosen, horizon = sample.chosen, own.horizon
    inputs, least = own.columns.read_by_model(sample.series, own.scaler), own.core.least_history
    origins: list[np.ndarray] = [np.zeros(0, np.int64) for _ in inputs]
    count = -(-count // max(len(chosen.rows), 1))
    for row, first, end in zip(chosen.rows, chosen.first, chosen.end, strict=True):
        possible = np.arange(max(first, least), end - horizon + 1)
        origins[row] = possible[:: -(-len(possible) // count)] if len(possible) else possible
    if not sum(map(len, origins)):
        raise InputError(_too_short(sample, f"the model reads {least} steps and forecasts {horizon}"))
    return inputs, origins


def differences_of_reconstructors(own: Reconstructor, exported: Reconstructor, sample: Sample) -> list[Difference]:
    """Sequences of a sample, and these with values missing, reconstructed and encoded by both."""
    found = []
    for what, x in with_missing(next(sequences(own, sample, ROWS)).values[:ROWS]):
        sides = [(*graphs.write(x), graphs.encode(x)) for graphs in map(graphs_of, (own.model, exported.model))]
        for kind, *pair in zip(("reconstructed", "what follows", "codes"), *sides, strict=True):
            if pair[0] is not None:
                found.append(compared(f"{kind}, sequences {what}", *pair))
    return found


def differences_of_forecasters(own: Forecaster, exported: Forecaster, sample: Sample) -> list[Difference]:
    """Forecasts from origins of a sample, and of windows and steps with values missing, by both."""
    inputs, origins = histories(own, sample, ROWS)
    least, horizon = own.core.least_history, own.horizon
    found = [compared("forecasts", *(side.core.rolling(inputs, origins) for side in (own, exported)))]
    sides = [graphs_of(each.model) for each in (own, exported)]
    windows = [
        values[max(at - least, 0) : at][-least:]
        for values, of_series in zip(inputs, origins, strict=True)
        for at in of_series
    ]
    if own.stateful:
        longest = max(inputs, key=len)[: 4 * ROWS]
        return found + _of_streams(longest, horizon, *sides)
    known = own.columns.known_columns
    for what, x in with_missing(np.stack(windows)):
        ahead = (np.resize(x[..., known], (len(x), horizon, len(known))),) if known else ()
        found.append(compared(f"forecasts, windows {what}", *(graph(x, *ahead) for graph in sides)))
    return found


def _of_streams(values, horizon, own, exported):
    """Steps read at once, one by one, and continued: the state goes on from one to the next."""
    found = []
    for what, x in with_missing(values[None]):
        (read, states), (read_too, states_too) = own.run(x), exported.run(x)
        found.append(compared(f"next steps, series {what}", read, read_too))
        step, step_too = own.step(x[:, -1], states)[0], exported.step(x[:, -1], states_too)[0]
        found.append(compared(f"one step more, series {what}", step, step_too))
        pair = own.forecast(x, horizon), exported.forecast(x, horizon)
        found.append(compared(f"forecasts, series {what}", *pair))
    return found


def _sample(loaded, location, report):
    """Series to hold an export against, and which of their steps: the validation part of the training."""
    if location:
        series = loaded.read(location, report=report)
        return Sample(series, Selection.whole(series.lengths), location)
    data = loaded.config.data
    try:
        series = loaded.read_training() if isinstance(loaded, Reconstructor) else loaded.read()
        return Sample(series, part_of(series, data, loaded.config.seed, "valid"), "the validation part")
    except InputError as error:
        raise InputError(
            f"the export cannot be held against the data of the training: {str(error).rstrip('.')}. Give --sample "
            "FILE, other data of their form."
        ) from error


def _too_short(sample, what):
    return f"{sample.called} is too short to hold the export against, {what}: give --sample FILE."
