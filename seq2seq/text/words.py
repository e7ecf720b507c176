"""Which word each token belongs to."""

from collections.abc import Sequence

import numpy as np


def word_numbers(spelling: Sequence[str]) -> np.ndarray:
    """Number the words, what stands between spaces, that tokens belong to.

    Args:
        spelling: what each token adds to the text, spaces included, see `Tokenizer.spelling`.

    Returns:
        int64 array, `(tokens,)`, counted from 0. A token of spaces alone belongs to the word after it, or if there is
        none to -1; a token of several words belongs to the first.

    >>> word_numbers([" Two", " foot", "ball", "s", " ", "play", " "]).tolist()
    [0, 1, 1, 1, 2, 2, -1]
    """
    numbers, count, within = [], 0, False  # words so far; whether the last of them may go on
    for part in spelling:
        words = len(part.split())
        goes_on = within and not part[:1].isspace()
        numbers.append(count - 1 if goes_on else count)
        count += max(words - goes_on, 0)
        within = not part[-1].isspace() if part else within
    numbers = np.array(numbers, np.int64)
    return np.where(numbers < count, numbers, -1)
