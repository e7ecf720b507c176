"""How a job is shown: bars, rates and time left on a terminal, now and then a plain line where it is piped."""

import gc
import logging
import os
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich import progress as bars
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seq2seq.errors import InputError
from seq2seq.report import Progress, Report

LEAST_TEXT = 12  # of the characters of a text stand side by side, however many numbers are beside it
LONG = 1e9  # of it and above a number is written with an exponent
_NUMBER = re.compile(r"[-+−–]?[\d.,]+(e[-+]?\d+)?\s?%?")


@contextmanager
def quiet_tensorflow(run: Path | None = None) -> Iterator[None]:
    """Keep TensorFlow's own log off the screen, and its loading short: to be held around its first import.

    With the folder of a `run` that is to answer, what it needs for that is loaded here: TensorFlow, unless it is an
    exported one. Where that finds no GPU on a machine with NVIDIA's driver, a line says why.
    Where the user has set TF_CPP_MIN_LOG_LEVEL to 0 or 1, or the import fails, all is shown; wrong input is no failure.
    """
    why = ""
    with _all_stays(), _silent():
        if run is not None:
            from seq2seq.inference.loaded import load_engine

            why = load_engine(run)
        yield
    if why:
        ConsoleReport(stderr=True).warn(why)


@contextmanager
def _all_stays():
    """What is made meanwhile is not looked through for cycles of garbage, neither now nor later.

    Libraries make hundreds of thousands of objects that stay: a fifth of their loading goes into looking at them again
    and again, and each graph that is traced afterwards would have them looked at once more.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


@contextmanager
def _silent():
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") in ("0", "1"):
        yield
        return
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # between workers; any other level is that of all logs then
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # While its libraries load, they write to file descriptor 2 before they look at any setting.
    screen = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except InputError:
            raise
        except BaseException:
            log.seek(0)
            os.write(screen, log.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


class Waiting(Report):
    """Tells, on standard error, nothing but what a process waits for: where another one tells all else."""

    def wait(self, line: str) -> None:
        """The line."""
        ConsoleReport(stderr=True).wait(line)


class ConsoleReport(Report):
    """Shows a job as it goes.

    On a terminal each running piece of work has a bar, which goes when it is done. Elsewhere it has a line every tenth
    of the way, but none before `interval` seconds have passed since the last.

    Args:
        stderr: write to standard error: where standard output is for results.
        interval: float. Least time between two plain lines, in seconds.
    """

    def __init__(self, stderr: bool = False, interval: float = 10.0):
        plain = {"highlight": False, "markup": False, "emoji": False}
        self._console = Console(stderr=stderr, **plain)
        if not self._console.is_terminal:
            self._console = Console(stderr=stderr, width=160, **plain)
        self._interval = interval
        self._bars: bars.Progress | None = None

    def say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)

    def warn(self, line: str) -> None:
        self._console.print(f"Warning: {line}", soft_wrap=True, style="yellow")

    def wait(self, line: str) -> None:
        self.say(line)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        cells = [[_shown(cell) for cell in row] for row in rows]
        table, width = Table(box=None, pad_edge=False, show_header=any(columns)), 0
        for name, column in zip(columns, zip(*cells, strict=True) if cells else [()] * len(columns), strict=True):
            numeric = all(_NUMBER.fullmatch(cell) for cell in column)
            table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
            longest = max(map(len, (name, *column)))
            width += 2 + (longest if numeric else min(longest, LEAST_TEXT))
        for row in cells:
            table.add_row(*map(Text, row))
        if title:
            self._console.print(title, style="bold")
        # A number is never broken: a line that is longer for it than the terminal goes on in its next one.
        options = self._console.options.update(width=max(width, self._console.width))
        for segments in self._console.render_lines(table, options):
            line = Text.assemble(*((segment.text, segment.style) for segment in segments))
            line.rstrip()  # rich pads each line to the width of the table
            self._console.print(line, soft_wrap=True)

    @contextmanager
    def progress(self, title: str, total: int | None, unit: str) -> Iterator[Progress]:
        if not self._console.is_terminal:
            yield _Meter(total, unit, _plain_lines(self.say, title, self._interval))
            return
        # One display for all: validation runs inside an epoch, and a terminal has room for one live display.
        if outermost := self._bars is None:
            self._bars = _new_bars(self._console)
            self._bars.start()
        task = self._bars.add_task(title, total=total, summary="")
        try:
            update, reset = self._bars.update, self._bars.reset
            yield _Meter(
                total,
                unit,
                lambda meter: update(task, completed=meter.done, summary=meter.summary()),
                lambda meter: reset(task, completed=meter.done, summary=""),
            )
        finally:
            self._bars.remove_task(task)
            if outermost:
                self._bars.stop()
                self._bars = None


class _Meter(Progress):
    """Counts one piece of work, and calls `begin` with itself where it does not begin at 0, `show` at each step."""

    def __init__(
        self,
        total: int | None,
        unit: str,
        show: Callable[["_Meter"], None],
        begin: Callable[["_Meter"], None] = lambda meter: None,
    ):
        self.total, self.unit, self.done, self.begun = total, unit, 0, 0
        self._amount, self._amount_unit, self._figures, self._show, self._begin = 0.0, "", {}, show, begin
        # The rates are those of the last steps: the first ones, with all the tracing, say nothing of the rest.
        self._samples = deque([(time.monotonic(), 0, 0.0)], maxlen=200)

    def begin_at(self, done: int) -> None:
        self.done, self.begun, self._amount = done, done, 0.0
        self._samples = deque([(time.monotonic(), done, 0.0)], maxlen=200)
        self._begin(self)

    def advance(self, steps: int = 1, amount: float = 0.0, of: str = "", **figures: float | str) -> None:
        self.done += steps
        self._amount += amount
        self._amount_unit = of
        self._figures.update(figures)
        self._samples.append((time.monotonic(), self.done, self._amount))
        self._show(self)

    def rates(self) -> tuple[float, float]:
        """Steps per second, and how much per second of what they amount to."""
        (start, steps, amount), (end, *_) = self._samples[0], self._samples[-1]
        seconds = max(end - start, 1e-6)
        return (self.done - steps) / seconds, (self._amount - amount) / seconds

    def summary(self) -> str:
        """The rates and figures, in one line."""
        steps, amount = self.rates()
        parts = [f"{_shown(steps)} {self.unit}/s"]
        if self._amount:
            parts.append(f"{amount:,.0f} {self._amount_unit}/s")
        return ", ".join(parts + [f"{name} {_shown(value)}" for name, value in self._figures.items()])


def _plain_lines(say: Callable[[str], None], title: str, interval: float) -> Callable[[_Meter], None]:
    shown_at, shown_tenth = time.monotonic(), 0

    def show(meter: _Meter) -> None:
        nonlocal shown_at, shown_tenth
        now = time.monotonic()
        tenth = meter.done * 10 // meter.total if meter.total else shown_tenth + 1
        begun = meter.begun * 10 // meter.total if meter.total else 0
        if now - shown_at < interval or tenth <= max(shown_tenth, begun):
            return
        shown_at, shown_tenth = now, tenth
        line = f"{title}: {meter.done:,} {meter.unit}"
        if meter.total:
            left = timedelta(seconds=round((meter.total - meter.done) / max(meter.rates()[0], 1e-6)))
            line = f"{title}: {meter.done:,} of {meter.total:,} {meter.unit}, {left} left"
        say(f"{line}, {meter.summary()}")

    return show


def _new_bars(console: Console) -> bars.Progress:
    return bars.Progress(
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(bar_width=24),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(elapsed_when_finished=True),
        bars.TextColumn("{task.fields[summary]}", markup=False),
        console=console,
        transient=True,
    )


def _shown(value: object) -> str:
    """A number with four figures, of thousands and more whole where it is not too long; anything else as it is."""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"{value:,.0f}" if 1000 <= abs(value) < LONG else f"{value:.4g}"
