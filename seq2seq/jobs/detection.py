"""The batch job of a detector: files of series to tables of their scores, or of their alarms as events."""

from typing import Any

from seq2seq.evaluation.events import Span, parse_span
from seq2seq.inference.detection import detect
from seq2seq.inference.detection_lines import event_lines, score_lines
from seq2seq.inference.detector import Detector
from seq2seq.inference.ensemble import Paths
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.jobs.reconstruction import AutoencoderWork
from seq2seq.jobs.series import join_lines, write_lines
from seq2seq.storage import digest, one_of


class BatchDetection(AutoencoderWork):
    """Scores the series of files, see `SeriesWork`; its model is named by the detector, which names the weights.

    Args:
        reconstructor: `Reconstructor`.
        threshold: kind and value, of another than that of the run.
        events: whether events come out, and not scores.
        merge, min_length: str. `Span`s of the events.
        **given: arguments of `SeriesWork`.
    """

    title = "Scoring"

    def __init__(
        self,
        reconstructor: Reconstructor,
        *,
        threshold: tuple[str, float] | None = None,
        events: bool = False,
        merge: str = "0",
        min_length: str = "1",
        **given: Any,
    ):
        spans = {"merge": merge, "min_length": min_length} if events else {}
        settings = {"task": "detect", "threshold": threshold and list(threshold), "events": events} | spans
        if events:  # what a job of an earlier version has written lacks a column
            settings["known_at"] = True
        fitted = one_of([digest(member.run.detector) for member in reconstructor.members])
        super().__init__(reconstructor, fitted, settings, **given)
        self.threshold, self.events = threshold, events
        self.spans: dict[str, Span] = {name: parse_span(span) for name, span in spans.items()}

    @classmethod
    def load(cls, run_dir: Paths, **given: Any) -> "BatchDetection":
        """The work of a run directory, or of a list of several, see `Reconstructor.load`.

        Raises:
            InputError: not a run of an autoencoder, not finished, damaged, or written by a newer version.
        """
        reconstructor = Reconstructor.load(run_dir)
        for member in reconstructor.members:
            Detector.load(member.run)
        return cls(reconstructor, **given)

    def answer(self, series, file, several):
        report, data = self.telling(self._latest[0]), self.loaded.config.data
        detection = detect(self.loaded, series, threshold=self.threshold, report=report)
        if self.events:
            found = detection.events(**self.spans)
            write_lines(event_lines(detection.given, found, data, several=several), file)
        else:
            write_lines(score_lines(detection, data, several=several), file)

    def join(self, source, paths, file):
        join_lines(paths, source.name, file)
