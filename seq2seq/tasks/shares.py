"""How much of what a network changes of a forecast that costs nothing counts: what the validation part likes best."""

from collections.abc import Callable

import numpy as np

from seq2seq.evaluation.folds import LEAST_WINDOWS
from seq2seq.report import Report, counted, percent
from seq2seq.run import Run
from seq2seq.run.parent import parent_of

SHARE_VALUES = 2_000_000  # forecast values that the shares are chosen on, at most
SHARES = np.linspace(0.0, 1.0, 21)


def too_few(windows: int, name: str, run: Run, report: Report) -> bool:
    """Whether so many windows of the validation part do not tell that a network helps, which is then warned of.

    A network that comes from another run had that one's windows to tell.

    Args:
        windows: int.
        name: str. What it changes, such as `"the forecast"`.
        run: `Run` that it is of.
        report: `Report`.
    """
    if windows >= LEAST_WINDOWS or parent_of(run.path):
        return False
    report.warn(
        f"the validation part has {counted(windows, 'window')}, too few to tell whether the network helps: it "
        f"counts for nothing, and {name} is the linear one. Raise data.valid_share for more"
    )
    return True


def best_shares(
    actual: np.ndarray,
    without: np.ndarray,
    change: np.ndarray,
    report: Report,
    unscaled: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> np.ndarray:
    """Of each place but the first axis, the share of a change that makes the least squared error; how much, is said.

    Args:
        actual: float array `(n, …)`, NaN = not observed.
        without: likewise, what was forecast without the change.
        change: likewise.
        report: `Report`.
        unscaled: function to the units that errors are measured in.
    """
    actual = unscaled(actual)
    seen = ~np.isnan(actual)
    errors = np.array(
        [np.square(np.where(seen, unscaled(without + part * change) - actual, 0.0)).sum(axis=0) for part in SHARES]
    )
    shares = SHARES[np.argmin(errors, axis=0)]
    _tell(shares, np.ptp(errors, axis=0) > 0, report)
    return shares


def _tell(shares, matters, report):
    """Say how much of the change counts, where it changes anything."""
    mean = shares[matters].mean() if matters.any() else 0.0
    counts = f"of what the network changes, {percent(mean)} counts{': by step ahead and column' * (shares.size > 1)}"
    if mean in (0, 1):
        counts = f"what the network changes counts {'in full' if mean else 'for nothing'}"
    report.say(f"{counts}, as the validation part says")
