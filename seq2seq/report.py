"""What a long job tells whoever runs it. The library prints nothing: it calls a `Report`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def percent(share: float) -> str:
    """A share, rounded, that is none or all only where it is exactly that.

    >>> [percent(share) for share in (0.0, 0.001, 0.43, 0.999, 1.0)]
    ['0%', 'less than 1%', '43%', 'more than 99%', '100%']
    """
    if 0 < share < 0.005:
        return "less than 1%"
    return "more than 99%" if 0.995 <= share < 1 else f"{share:.0%}"


def counted(count: int, one: str, several: str | None = None) -> str:
    """A number with what it is a number of, in the form that goes with it; `several` by default with an s.

    >>> counted(1, "step"), counted(1200, "step"), counted(0, "series is", "series are")
    ('1 step', '1,200 steps', '0 series are')
    """
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


class Progress:
    """One counted piece of work; this one shows nothing."""

    def begin_at(self, done: int) -> None:
        """Begin behind `done` units of work that were done before: rates and the time left are not theirs."""

    def advance(self, steps: int = 1, amount: float = 0.0, of: str = "", **figures: float | str) -> None:
        """Count `steps` more units, which amount to so many `of` something ("tokens"), and show `figures`."""


class Report:
    """Receives lines, tables and progress, and is silent. `seq2seq.cli.console` shows them on a terminal."""

    def say(self, line: str) -> None:
        """A line of information."""

    def warn(self, line: str) -> None:
        """A line that the user should not miss."""

    def wait(self, line: str) -> None:
        """A line about others that keep a job waiting; of several processes that do one job, each tells its own."""

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A small table."""

    @contextmanager
    def progress(self, title: str, total: int | None, unit: str) -> Iterator[Progress]:
        """Show `title` with a rate and the time left while the block runs; `total=None` where it is not known."""
        yield Progress()


class Naming(Report):
    """Passes warnings on with the name of what they are of, where they do not have it; all else is silent.

    Args:
        report: `Report` that hears them.
        name: str. Such as a file beside the inputs, whose gaps nobody shall take for theirs.
    """

    def __init__(self, report: Report, name: str):
        self._report, self._name = report, name

    def warn(self, line: str) -> None:
        """The line, with the name in front."""
        self._report.warn(line if self._name in line else f"{self._name}: {line}")
