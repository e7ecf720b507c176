"""What is asked of a description."""

from typing import NamedTuple

from seq2seq.errors import InputError

ANY_STEPS, ANY_SOURCE_STEPS, ANY_TARGET_STEPS = "T", "S", "H"  # letters for lengths that a model leaves open


class Options(NamedTuple):
    """The arguments of `unrolled`, which see."""

    steps: int | None
    target_steps: int | None
    predicting: bool
    batches: int
    slots: int
    shown: int | None

    def length(self, own: int | None = None, letter: str = ANY_STEPS) -> int | str:
        """The steps of the input: the model's `own`, where it has, else what was asked for, or the letter.

        Raises:
            InputError: another length was asked for than the model's own.
        """
        return _length("steps", own, self.steps) or letter

    def target_length(self, own: int | None = None) -> int | str:
        """The steps of the target, likewise."""
        return _length("target_steps", own, self.target_steps) or ANY_STEPS

    def most(self, sections: int) -> int:
        """How many steps of each of so many sections side by side are shown."""
        return self.shown or {1: 4, 2: 3}.get(sections, 2)


def _length(name, own, asked):
    if own and asked and own != asked:
        raise InputError(f"{name}={asked}: the model has {own} steps, always; leave {name} out.")
    return own or asked
