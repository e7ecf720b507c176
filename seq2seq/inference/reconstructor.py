"""Sequences in, what an autoencoder makes of them out: a trained run, loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seq2seq.config import AutoencoderConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.overlap import StepMeans
from seq2seq.inference.ensemble import Paths, members_of
from seq2seq.inference.loaded import graphs_of, open_run
from seq2seq.inference.pieces import (
    PREDICTION,
    RECONSTRUCTION,
    Errors,
    Pieces,
    as_pieces,
    cut,
    num_pieces,
    pieces_after,
)
from seq2seq.inference.series_data import for_other, learned_rows, of_run, read_usable, warn_left_out
from seq2seq.report import Progress, Report, counted
from seq2seq.run import Run
from seq2seq.runtime.folder import ExportedRun
from seq2seq.runtime.numbers import ExportedAutoencoder
from seq2seq.series.far import far_in_any
from seq2seq.series.in_memory import series_at
from seq2seq.series.scaling import Scaler
from seq2seq.series.segments import gaps_of, segments
from seq2seq.series.series import check_read, some_of
from seq2seq.series.table import Series

if TYPE_CHECKING:
    from seq2seq.models import Autoencoder

TASK = "autoencoder"
PIECES_AT_ONCE = 256


def build_model(config: AutoencoderConfig, features: int, dtype: Any = "float32") -> "Autoencoder":
    """The model of a configuration."""
    from seq2seq.models import Autoencoder

    arguments = dict(vars(config.model))
    starts = arguments.pop("residual") == "linear"
    return Autoencoder(features, dtype=dtype, look_back=config.windows.look_back * starts, **arguments)


class Reconstructor:
    """A trained autoencoder with the units of its columns.

    ```python
    reconstructor = Reconstructor.load("runs/tanks")
    series = reconstructor.read("test.csv")
    reconstructed = reconstructor.reconstruct(series)
    ```

    Args:
        config: `AutoencoderConfig`.
        scaler: `Scaler` of all columns.
        model: `Autoencoder`, or the `ExportedAutoencoder` of a folder.
        run: the `Run` it comes from.
    """

    def __init__(self, config: AutoencoderConfig, scaler: Scaler, model: Any, run: Run | None = None) -> None:
        self.config, self.scaler, self.model, self.run = config, scaler, model, run
        self.look_back, self._graphs = config.windows.look_back, graphs_of(model)

    @classmethod
    def load(cls, run_dir: Paths) -> "Reconstructor":
        """Load a run directory, or an exported folder; or a list of run directories, which answer together.

        Raises:
            InputError: not a run of an autoencoder, no weights yet, damaged, or written by a newer version; or several
                that cannot score together.
        """
        folder, *others = members_of(run_dir)
        if others:
            from seq2seq.inference.reconstructor_ensemble import ReconstructorEnsemble  # which is one itself

            return ReconstructorEnsemble([cls.load(each) for each in (folder, *others)])
        run, config = open_run(folder, TASK, AutoencoderConfig)
        scaler = Scaler.load(run.scaler)
        if isinstance(run, ExportedRun):
            return cls(config, scaler, ExportedAutoencoder(run), run)
        model = build_model(config, len(scaler.columns))
        run.load_weights(model)
        return cls(config, scaler, model, run)

    @property
    def members(self) -> tuple["Reconstructor", ...]:
        """The runs that answer together, each by itself: this one alone."""
        return (self,)

    def order_of(self, columns: Sequence[str]) -> list[int]:
        """Where each of `columns` is in those of the run."""
        return [self.scaler.columns.index(name) for name in columns]

    def read(
        self,
        location: Any,
        *,
        array: str | None = None,
        keep: str | None = None,
        report: Report | None = None,
        rejected: list[tuple[int | str, str]] | None = None,
    ) -> Series:
        """Read other data in the way of the training data; columns are matched by name.

        Args:
            location: file, `tfds:NAME/CONFIG`, `hf:NAME`; or a data frame, array or list of arrays, see `series_at`.
            array: of an NPZ file, or feature of a data set; default: that of the training.
            keep: only the rows where this holds; default: all, also where only some were trained on.
            report: `Report`.
            rejected: list that takes the samples and series that cannot be used, as in `read_series`. None: series of a
                group are left out with a warning, and the first such sample raises.

        Raises:
            InputError: data that cannot be read, a column is missing, a series is too short for any window.
        """
        location = series_at(location)
        data = for_other(replace(of_run(self.config.data, self.scaler.columns), keep=keep), location, array)
        return self._checked(data, location, report or Report(), rejected)

    def read_training(self, *, keep: str | None = None, report: Report | None = None) -> Series:
        """Read the data that the run was trained on, all parts of them; `keep` keeps other rows than the training."""
        data = self.config.data if keep is None else replace(self.config.data, keep=keep)
        return self._checked(data, data.location, report or Report())

    def _checked(self, data, location, report, rejected=None):
        """Series as the model can take them; what it cannot is told, its values are left out."""
        series = read_usable(data, report, location, windowed=self.look_back > 0, rejected=rejected)
        series = self.scaler.match(as_pieces(series, self.look_back))
        lengths = segments(series).lengths
        if not num_pieces(lengths, self.look_back):
            longest = "series" if len(lengths) == len(series.values) else "stretch without a gap in time"
            raise InputError(
                f"{location}: a window has {counted(self.look_back, 'step')}, the longest {longest} "
                f"{lengths.max(initial=0)}: give longer series."
            )
        if (short := int(np.sum(lengths < self.look_back))) and len(lengths) > len(series.values):
            report.warn(
                f"{counted(short, 'stretch between gaps is', 'stretches between gaps are')} shorter than a window of "
                f"{counted(self.look_back, 'step')}: not scored"
            )
        series, bad = self._usable(series, location)
        short = f"shorter than a window of {counted(self.look_back, 'step')}"
        bad += [
            (name, short) for name, length in zip(series.names, series.lengths, strict=True) if length < self.look_back
        ]
        if rejected is None:
            warn_left_out(bad, report)
        else:
            rejected += [(int(name) if series.whole else name, reason) for name, reason in bad]
        if new := self.scaler.new(series.names):
            report.warn(f"{some_of(new)} not there in training: measured in units of its own values")
        for note in self._far(series):
            report.warn(note)
        return series

    def learned_note(self, series: Series) -> str | None:
        """What to tell of `series` that are to be judged, where the training had rows of them; else None."""
        every = [slice(None)] * len(series.values)
        return learned_rows(self.run).note(series, every, "steps", "judge it by later ones")

    def _far(self, series):
        """What there is to say of values far from the training, once for each column."""
        if series.whole:  # samples are many, and have one unit
            return far_in_any([(np.concatenate(series.values), series.columns, self.scaler, "")])
        each = zip(series.values, self.scaler.of_each(series), series.names, strict=True)
        return far_in_any((values, series.columns, scaler, name) for values, scaler, name in each)

    def _usable(self, series, location):
        """`series` without the values of those that cannot be scaled, whose names and what is wrong come beside it."""
        values, bad = [], []
        for name, each in zip(series.names, series.values, strict=True):
            try:
                self.scaler.of(name, each).transform(each)
            except InputError as error:
                bad.append((name, str(error)))
                each = np.full_like(each, np.nan)
            values.append(each)
        if bad and len(bad) == len(values):
            raise InputError(f"{location}: {bad[0][1]}")
        return replace(series, values=values), bad

    def outputs(
        self,
        scaled: Sequence[np.ndarray],
        stride: int = 1,
        progress: Progress | None = None,
        gaps: Sequence[np.ndarray] | None = None,
    ) -> Iterator[tuple[Pieces, np.ndarray]]:
        """Pieces of scaled series, and float32 arrays like their `values` with what the model makes of them."""
        for pieces in cut(scaled, self.look_back, stride, gaps):
            yield pieces, self._graphs.reconstruct(pieces.values)
            (progress or Progress()).advance(len(pieces.values))

    def errors(
        self,
        scaled: Sequence[np.ndarray],
        stride: int = 1,
        progress: Progress | None = None,
        gaps: Sequence[np.ndarray] | None = None,
    ) -> Iterator[dict[str, Errors]]:
        """Pieces of scaled series with their errors, actual less written, in batches, by the kind of error.

        Those of the `"reconstruction"` are of the pieces that the model reads; with a `model.horizon` those of the
        `"prediction"` are of the steps that follow a piece, as far as all of these are there without a gap.
        """
        horizon = self.config.model.horizon
        for pieces in cut(scaled, self.look_back, stride, gaps):
            reconstructed, following = self._graphs.write(pieces.values)
            errors = {RECONSTRUCTION: (pieces, pieces.values - reconstructed)}
            if horizon and following is not None:
                rows, after = pieces_after(pieces, scaled, horizon, gaps)
                errors[PREDICTION] = after, after.values - following[rows]
            yield errors
            (progress or Progress()).advance(len(pieces.values))

    def scaled(self, series: Series) -> list[np.ndarray]:
        """float32 `(steps, features)` of each series; columns are matched by name."""
        series = self.scaler.match(series)
        pairs = zip(self.scaler.of_each(series), series.values, strict=True)
        return [scaler.transform(values) for scaler, values in pairs]

    def reconstruct(self, series: Series, report: Report | None = None) -> tuple[np.ndarray, ...]:
        """Reconstruct each step of series; where windows overlap, by the mean of all that cover it.

        Args:
            series: in the user's units; columns are matched by name.
            report: `Report`.

        Returns:
            A float64 array `(steps, features)` for each series, in the user's units; NaN in series, or stretches
            between gaps, that are too short.
        """
        check_read(series)
        means = StepMeans(series.lengths, (len(self.scaler.columns),))
        total = num_pieces(segments(series).lengths, self.look_back)
        with (report or Report()).progress("Reconstructing", total, self.unit) as progress:
            for pieces, outputs in self.outputs(self.scaled(series), progress=progress, gaps=gaps_of(series)):
                means.add(outputs, pieces.series, pieces.first)
        scalers = self.scaler.of_each(self.scaler.match(series))
        return tuple(scaler.inverse(values) for scaler, values in zip(scalers, means.result(), strict=True))

    def codes(self, series: Series) -> np.ndarray:
        """Encode series.

        Args:
            series: in the user's units; columns are matched by name.

        Returns:
            float32 array, `(sequences, latent_dim)` in the order of the series; NaN for one without steps. Of windows
            `(windows, latent_dim)`, one for each step at which a window without a gap can begin, series after series.
        """
        check_read(series)
        scaled = self.scaled(series)
        pieces_of = cut(scaled, self.look_back, gaps=gaps_of(series))
        coded = [(pieces.series, self._graphs.encode(pieces.values)) for pieces in pieces_of]
        numbers_of, codes = (np.concatenate(each) for each in zip(*coded, strict=True))
        if self.look_back:
            return codes
        ordered = np.full((len(scaled), codes.shape[1]), np.nan, np.float32)
        ordered[numbers_of] = codes
        return ordered

    @property
    def unit(self) -> str:
        """What the model reads at once."""
        return "windows" if self.look_back else "sequences"
