"""Several runs that answer as one; and what those that translate must have in common."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from seq2seq.config import TranslationConfig
from seq2seq.errors import InputError
from seq2seq.inference.loaded import open_run
from seq2seq.run import Run
from seq2seq.run.seeds import runs_in
from seq2seq.runtime.folder import folders_of, is_exported
from seq2seq.storage import digest, one_of
from seq2seq.text.tokenizer import load_tokenizer
from seq2seq.text.tokens import Tokenizer

Paths = str | Path | Sequence[str | Path]
Sides = tuple[Tokenizer, Tokenizer]
JOINED = ("translation", "forecaster", "autoencoder")  # tasks whose runs answer as one


def open_runs(paths: Paths) -> list[tuple[Run, TranslationConfig]]:
    """Open a run or an exported folder, or the runs of an ensemble.

    Args:
        paths: a folder, or a list of two or more.

    Raises:
        InputError: what `open_run` raises; a list of one, or with a folder twice or an exported one.
    """
    return [open_run(path, "translation", TranslationConfig) for path in members_of(paths)]


def members_of(paths: Paths) -> list[Path]:
    """The folder of a run, or those of the runs of an ensemble; of several seeds, or an exported ensemble on numbers,
    those in it.

    Raises:
        InputError: a list of one, or with a folder twice or an exported one; or an exported folder that is damaged.
    """
    if isinstance(paths, str | PathLike):
        return folders_of(Path(paths)) if is_exported(paths) else runs_in(paths)
    paths = [run for path in paths for run in runs_in(path)]
    if len(paths) < 2:
        raise InputError(f"An ensemble needs two runs or more, got {len(paths)}: give the folder alone, in no list.")
    for place, path in enumerate(paths):
        if Path(path).resolve() in (Path(before).resolve() for before in paths[:place]):
            raise InputError(f"{path} is given twice: an ensemble is of different runs.")
        if is_exported(path):
            raise InputError(f"{path} is an exported folder, and an ensemble is of runs: give that which it is of.")
    return list(map(Path, paths))


def check_joined(run: Run) -> None:
    """Raise InputError where runs of the task of this one, the first of an ensemble, do not answer as one."""
    if run.task not in JOINED:
        raise InputError(
            f"--with is for translators, forecasters and autoencoders, and {run.path} is a run of the task "
            f"{run.task!r}: leave it out."
        )


def identity_of(paths: Paths) -> str:
    """Return what names the weights of a run, or those of all runs of an ensemble."""
    return one_of([digest(run.weights) for run, _ in open_runs(paths)])


def load_tokenizers(run: Run, config: TranslationConfig) -> Sides:
    """Load those of the source and of the target, which may be one."""
    source = load_tokenizer(run.tokenizer_file("source"))
    return source, source if config.text.shares_vocabulary else load_tokenizer(run.tokenizer_file("target"))


def check_fits(first: tuple[Run, TranslationConfig, Sides], other: tuple[Run, TranslationConfig]) -> None:
    """Check that a run can translate together with the first one of an ensemble.

    Raises:
        InputError: it reads or writes other tokens, treats texts in another way, or translates the other way round.
    """
    run, config, sides = first
    both = f"{other[0].path} and {run.path} cannot translate together"
    for name, one, another in zip(("source", "target"), sides, load_tokenizers(*other), strict=True):
        if not another.agrees_with(one):
            raise InputError(
                f"{both}: their {name} tokenizers differ ({_difference(another, one)}). Train them on the same texts "
                "with the same settings of text, or with --set text.model=FILE."
            )
    for name, treated in _treated(config).items():
        if (differing := _treated(other[1])[name]) != treated:
            raise InputError(f"{both}: {name} is {differing!r} in the first and {treated!r} in the second.")
    if other[1].data.reverses(config.data):
        raise InputError(f"{both}: one translates the other way round.")


def _treated(config):
    """What becomes of texts before they are tokens, by the names of the settings."""
    text = config.text
    spaces = "keep" if text.keeps_white_space else "collapse"
    return {"text.keep": text.keep, "text.case": text.case, "text.white_space": spaces}


def _difference(one, other):
    """How two tokenizers differ, in few words."""
    kinds = [f"{each.kind} of {each.vocabulary_size:,} tokens" for each in (one, other)]
    if kinds[0] != kinds[1]:
        return f"{kinds[0]}, and {kinds[1]}"
    known = [set(each.pieces(range(each.vocabulary_size))) for each in (one, other)]
    count = len(known[0] - known[1])
    return f"{count:,} of {one.vocabulary_size:,} tokens" if count else "the same tokens, in another order or weight"
