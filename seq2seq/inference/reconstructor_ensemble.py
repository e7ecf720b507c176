"""Several autoencoders that answer as one: by the means of what they write again, and of their scores."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.agreement import check_columns, check_settings, naming, read_alike
from seq2seq.inference.detector import settings_of
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.report import Report
from seq2seq.series.series import Series


class ReconstructorEnsemble(Reconstructor):
    """Runs of the same columns and steps; the length of its windows, layers, units and seed are of each its own.

    Data are read, and all else is told, as the first run says.

    Args:
        members: sequence of `Reconstructor`, the first one first.

    Attributes:
        look_back: int. Steps of the longest windows, so many as all need.

    Raises:
        InputError: they cannot score together.
    """

    def __init__(self, members: Sequence[Reconstructor]):
        first, *others = members
        for other in others:
            both = f"{other.run.path} and {first.run.path} cannot score together"
            check_columns(both, "read", first.scaler.columns, other.scaler.columns)
            check_settings(both, _settings(first), _settings(other))
            check_settings(both, _fitted(first), _fitted(other), remedy=": fit all alike (detect RUN --refit, each)")
        super().__init__(first.config, first.scaler, first.model, first.run)
        self._members, self.look_back = tuple(members), max(member.look_back for member in members)

    @property
    def members(self) -> tuple[Reconstructor, ...]:
        """The runs that answer together, each by itself."""
        return self._members

    def reconstruct(self, series: Series, report: Report | None = None) -> tuple[np.ndarray, ...]:
        """The mean of what the runs make of series, see `Reconstructor.reconstruct`."""
        made = []
        for member in self.members:
            with naming(member.run):
                parts, order = member.reconstruct(series, report), member.order_of(self.scaler.columns)
            made.append([part[:, order] for part in parts])
        return tuple(np.mean(parts, axis=0) for parts in zip(*made, strict=True))

    def codes(self, series: Series) -> np.ndarray:
        """Refused: codes of different runs have nothing in common.

        Raises:
            InputError: always.
        """
        raise InputError(
            "Each run has codes of its own (--embeddings), of which there is no mean: take those of one run."
        )

    def learned_note(self, series: Series) -> str | None:
        """What to tell of `series` that are to be judged, where a training had rows of them; else None."""
        found = ((member, member.learned_note(member.scaler.match(series))) for member in self.members)
        return next((f"{member.run.path}: {note}" for member, note in found if note), None)

    def _usable(self, series, location):
        """`series` without the values of those that one of the runs cannot scale."""
        bad = []
        for member in self.members:
            series, more = Reconstructor._usable(member, member.scaler.match(series), location)
            bad += more
        return self.scaler.match(series), bad


def _settings(reconstructor):
    """What two runs must have in common, by the names of the settings."""
    reads = "windows" if reconstructor.look_back else "whole sequences"
    return {"what windows.look_back makes it read": reads, **read_alike(reconstructor.config.data)}


def _fitted(reconstructor):
    """How alarms were fitted, likewise."""
    return {f"detection.{name}": value for name, value in asdict(settings_of(reconstructor)).items()}
