"""Write the English-French corpus: `python data/make_corpus.py [FOLDER]`, the same bytes on every machine."""

import argparse
import os
from itertools import chain, islice
from pathlib import Path
from random import Random

from english_french.counting import date_phrase, english_number, french_number, number_combinations
from english_french.sentences import any_sentence, short_phrase

SEED = 1987
# Pairs of each kind in each part.
SIZES = {
    "train": {"numbers": 4500, "dates": 3000, "phrases": 3500, "sentences": 13000},
    "valid": {"numbers": 130, "dates": 90, "phrases": 90, "sentences": 290},
    "test": {"numbers": 130, "dates": 90, "phrases": 90, "sentences": 290},
}


def part_of(combinations) -> str | None:
    """Return the part that a pair belongs to; None where it would belong to two.

    A combination `(name, i, j)` is held out by its place in the grid of all `i` and `j`: every row and every
    column gives one cell in 17 to `test` and one to `valid`. `train` is what has no such cell.
    """
    cells = {(3 * i + 5 * j) % 17 for _, i, j in combinations}
    return {(False, False): "train", (False, True): "valid", (True, False): "test"}.get((0 in cells, 1 in cells))


def number_phrases(rng: Random):
    """Yield 0 to 999, then longer numbers."""
    small = rng.sample(range(1000), 1000)
    large = (rng.randrange(10**digits, 10 ** (digits + 1)) for digits in iter(lambda: rng.randint(3, 5), None))
    for number in chain(small, large):
        yield english_number(number), french_number(number), number_combinations(number)


def drawn(draw):
    """Make an endless generator of a function that draws one phrase."""

    def phrases(rng):
        while True:
            yield draw(rng)

    return phrases


KINDS = {
    "numbers": number_phrases,
    "dates": drawn(date_phrase),
    "phrases": drawn(short_phrase),
    "sentences": drawn(any_sentence),
}


def make_parts(seed: int = SEED) -> dict[str, list[tuple[str, str]]]:
    """Draw the corpus.

    Args:
        seed: int.

    Returns:
        Dict from `"train"`, `"valid"` and `"test"` to shuffled lists of pairs (English, French). No English text
        comes twice, and what stands between spaces in `valid` and `test`, on either side, stands so in `train`.
    """
    rng = Random(seed)
    drawn_pairs = {kind: draw_kind(phrases(rng), SIZES["train"][kind]) for kind, phrases in KINDS.items()}
    known = set(chain.from_iterable(words(pair) for pairs in drawn_pairs.values() for pair in pairs["train"]))
    parts = {}
    for part, sizes in SIZES.items():
        parts[part] = []
        for kind, size in sizes.items():
            chosen = list(islice((pair for pair in drawn_pairs[kind][part] if words(pair) <= known), size))
            if len(chosen) < size:
                raise RuntimeError(f"{len(chosen)} pairs of {kind} for {part}, expected {size}: draw more")
            parts[part] += chosen
        rng.shuffle(parts[part])
    return parts


def draw_kind(phrases, size: int) -> dict[str, list[tuple[str, str]]]:
    """Take distinct pairs until there are `size` for `train`, and whatever comes for the other parts meanwhile."""
    pairs, translations = {part: [] for part in SIZES}, {}
    while len(pairs["train"]) < size:
        english, french, combinations = next(phrases)
        if translations.get(english, french) != french:
            raise RuntimeError(f"{english!r} is ambiguous: {translations[english]!r} or {french!r}")
        part = part_of(combinations)
        if part and english not in translations:
            pairs[part].append((english, french))
        translations[english] = french
    return pairs


def words(pair: tuple[str, str]) -> set[tuple[str, str]]:
    """Return what stands between spaces, each with its language."""
    return {(language, word) for language, text in zip(("en", "fr"), pair, strict=True) for word in text.split()}


def write_parts(folder: Path) -> None:
    """Write `train.en`, `train.fr` and so on into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, pairs in make_parts().items():
        for suffix, texts in zip(("en", "fr"), zip(*pairs, strict=True), strict=True):
            path = folder / f"{part}.{suffix}"
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            temporary.write_bytes("".join(f"{text}\n" for text in texts).encode())
            temporary.replace(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the English-French corpus, train, valid and test.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "en-fr", help="where to")
    write_parts(parser.parse_args().folder)
