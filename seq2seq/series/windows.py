"""Long series → windows of a fixed length, as arrays."""

import numpy as np

from seq2seq.errors import InputError
from seq2seq.report import counted


def sliding_windows(series, look_back, horizon=1, stride=1):
    """Cut a series into `(window, target)` pairs for supervised forecasting.

    Row `i` of `windows` covers steps `[s, s + look_back)` with `s = i * stride`; row `i` of
    `targets` covers the `horizon` steps after it. A tail too short for both is dropped, never padded.

    Args:
        series: array, `(time_steps, features)`, oldest first.
        look_back: int. Steps in each window.
        horizon: int. Steps in each target; 0 gives empty targets.
        stride: int. Steps between the starts of consecutive windows.

    Returns:
        Read-only views `windows`, `(num_windows, look_back, features)`, and
        `targets`, `(num_windows, horizon, features)`.

    Raises:
        InputError: If the series has fewer than `look_back + horizon` steps.

    >>> windows, targets = sliding_windows(np.arange(6.0)[:, None], 3, horizon=2)
    >>> targets[..., 0].tolist()
    [[3.0, 4.0], [4.0, 5.0]]
    """
    series = np.asarray(series)
    if series.ndim != 2:
        raise ValueError(f"Expected a series of shape (time_steps, features), got {series.shape}.")
    check_at_least(1, look_back=look_back, stride=stride)
    check_at_least(0, horizon=horizon)
    check_some_fit(np.array([len(series)]), look_back, horizon)
    both = np.lib.stride_tricks.sliding_window_view(series, look_back + horizon, axis=0)[::stride].swapaxes(1, 2)
    return both[:, :look_back], both[:, look_back:]


def check_some_fit(lengths, look_back, horizon):
    """At least one series must be long enough."""
    longest = int(lengths.max())
    if longest < look_back + horizon:
        needs = f"{look_back} + {horizon} steps" if horizon else counted(look_back, "step")
        raise InputError(
            f"A window needs {needs}, the longest series has {longest}: give longer series, or shorten "
            "look_back or horizon."
        )


def check_at_least(least, **numbers):
    """Raise InputError where a number, given by name, is below `least`."""
    for name, number in numbers.items():
        if number < least:
            raise InputError(f"Expected {name} to be at least {least}, got {number}.")
