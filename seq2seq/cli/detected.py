"""What `seq2seq detect` shows and writes: figures, events, a picture."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seq2seq.cli.outputs import write_csv, write_text
from seq2seq.report import counted

WORST = 10  # groups, or columns, that are shown; all are in the JSON file
_NAMES = {  # of figures, where they are more than the key
    "labelled": "labelled anomalies",
    "met": "met by an event",
    "median_lead_seconds": "median lead",
    "weeks": "weeks not labelled",
}
_IN_JSON = ("windows", "hit")  # alone: in the table they would repeat the labelled anomalies, and how many were met


def show_figures(figures: dict[str, dict], components: int, report: Any) -> None:
    """Tables of the figures of `measure_detection`; of many series and columns those that are worst, and best."""
    own, others = figures["autoencoder"], list(figures.values())
    names = {**_NAMES, "anomalies": f"labelled {'steps' if 'events' in own else 'sequences'}"}

    def row(name, values):
        shown = _lead if name == "median_lead_seconds" else lambda value: value
        called = names.get(name, name.replace("_", " "))
        return (called, *("none" if value is None else shown(value) for value in values))

    rows = [
        row(name, [each[name] for each in others])
        for name, value in own.items()
        if not isinstance(value, dict) and name not in _IN_JSON
    ]
    headings = {"pca": f"PCA({components})", "reconstruction": "reconstruction alone", "prediction": "prediction alone"}
    report.table("Against the labels", ("", *(headings.get(name, name) for name in figures)), rows)
    if "alone" in own:
        shown = ("roc_auc", "pr_auc", "precision", "recall", "f1", "alarms")
        rows = [(path, *row("", (each[name] for name in shown))[1:]) for path, each in own["alone"].items()]
        report.table("\nEach run alone", ("", *(name.replace("_", " ") for name in shown)), rows)
    for title, kind, shown, worst in (
        (
            "Series",
            "groups",
            ("anomalies", "alarms", "precision", "recall", "roc_auc"),
            lambda each: each["f1" if each["anomalies"] else "accuracy"],
        ),
        ("Columns by themselves", "columns", ("roc_auc", "pr_auc"), lambda each: -(each["roc_auc"] or 0.0)),
    ):
        if kind in own:
            chosen = sorted(own[kind].items(), key=lambda item: worst(item[1]))
            rows = [(name, *row("", (each[figure] for figure in shown))[1:]) for name, each in chosen[:WORST]]
            some = f", {WORST} of {len(chosen):,}" * (len(chosen) > WORST)
            headings = (names.get(name, name.replace("_", " ")) for name in shown)
            report.table(f"\n{title}{some}", ("", *headings), rows)


def _lead(seconds):
    """A lead as a clock tells it, and in seconds.

    >>> _lead(-183000.0), _lead(90.5)
    ('-2d 02:50 (-183,000 s)', '00:01:30.5 (90.5 s)')
    """
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    clock = f"{'-' * (seconds < 0)}{f'{days}d ' * (days > 0)}{hours:02}:{minutes:02}"
    clock += f":{'0' * (rest < 10)}{rest:.10g}" if rest else ""
    return f"{clock} ({seconds:,.10g} s)"


def told_parts(
    reconstructor: Any,
    series: Any,
    selection: Any,
    name: str,
    array: str | None,
    rows: tuple[str | None, int | None],
    report: Any,
) -> Any:
    """Of each step that is scored, the part that it was in the training of a run; warns of what helped to make it.

    Args:
        reconstructor: `Reconstructor`.
        series: `Series`.
        selection: `Selection` of the steps that are scored; None for all.
        name: str. What their file is called.
        array: str. Of an NPZ file.
        rows: the `data.keep` and `data.limit` that the series were read with.
        report: `Report`.

    Returns:
        Sequence of arrays of str; None where nobody can tell, or all is new.
    """
    from seq2seq.inference.detection import was_trained_on
    from seq2seq.inference.selection import parts_of_steps
    from seq2seq.run.resuming import data_have_changed
    from seq2seq.series.files import data_files

    data = reconstructor.config.data
    trained = was_trained_on(reconstructor, name, array)
    changed = trained and data_have_changed(reconstructor.run, "data.location", data_files(data.location))
    if trained and rows == (data.keep, data.limit) and not changed:
        parts = parts_of_steps(series, data, reconstructor.config.seed)
        parts = parts if selection is None else selection.cut(parts)
        _tell_parts(parts, series.whole, report)
        return parts
    scored = reconstructor.scaler.match(series if selection is None else selection.series(series))
    if note := reconstructor.learned_note(scored):
        report.warn(note)
    elif trained:
        report.warn("the run was trained on some of these data, whose scores are lower than those of others")
    return None


def _tell_parts(parts, whole, report):
    """Warn where what is scored helped to make the run; `parts`: of each series, the part of each of its steps."""
    counts = Counter(part for steps in parts for part in (steps[:1] if whole else steps).tolist())
    unit = "sequence" if whole else "step"
    said = [
        f"{counted(counts[part], unit)} of the {name}"
        for part, name in (
            ("train", "training part, which the model has learned"),
            ("valid", "validation part, by which weights and threshold were chosen"),
        )
        if counts[part]
    ]
    if said:
        rest = f"; {counted(counts['test'], 'is', 'are')} of the test part" if counts["test"] else ""
        report.warn(f"scored are {', and '.join(said)}: their scores are lower than those of other data{rest}")


def tell_events(found: Sequence[Sequence[Any]], detection: Any, report: Any) -> None:
    """Say how many events the alarms of each series are, and how many of them were known as the data came in."""
    events = [event for of_series in found for event in of_series]
    known = sum(event.known_at is not None for event in events)
    came = "" if detection.live is None else f", {known:,} of them known as the data came in"
    report.say(f"they make up {counted(len(events), 'event')}{came}")


def write_events(path: Path, series: Any, events: list, data: Any, labelled: bool) -> None:
    """The events of each series as CSV, or as a list of objects in JSON: the same times, and the same numbers."""
    from seq2seq.inference.detection_lines import event_lines
    from seq2seq.series.figures import cell

    lines = event_lines(series, events, data, labelled)
    if path.name.endswith(".csv"):
        write_csv(path, (map(cell, line) for line in lines))
    else:
        headings = next(lines)
        rows = [dict(zip(headings, map(_as_in_table, line), strict=True)) for line in lines]
        write_text(path, json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _as_in_table(value):
    """A number with the figures that a table has of it; None where that has an empty cell."""
    from seq2seq.series.figures import cell

    if not isinstance(value, float):
        return value
    return float(cell(value)) if cell(value) else None


def draw(detection: Any, known: Any, number: int | None, path: Path) -> None:
    """The picture of a detection: of the series `number`, by default that with the highest score."""
    import numpy as np

    from seq2seq.evaluation.detection import runs
    from seq2seq.plots import anomaly_scores, sample_scores, save_figure

    scores, series = detection.scores, detection.series
    if scores.samples is not None and number is None:
        figure = sample_scores(scores.samples, detection.threshold, known and known.values)
    else:
        if number is None:
            number = int(np.nanargmax([np.nanmax(each, initial=-np.inf) for each in scores.steps]))
        steps = detection.selection.first[number] + np.arange(len(series.values[number]))
        times = series.local_times[number] if series.times else steps
        windows = ()
        if known and known.windows is not None:
            windows = [tuple(series.clock.local(np.array(window))) for window in known.windows[number]]
        elif known and scores.samples is None:
            labels = np.split(known.values, np.cumsum(series.lengths)[:-1])[number]
            windows = [(times[first], times[last]) for first, last in runs(labels)]
        figure = anomaly_scores(
            times,
            scores.steps[number],
            detection.threshold,
            windows,
            series.values[number],
            series.columns,
            series.names[number],
            scores.blame[number],
        )
    save_figure(figure, path)
