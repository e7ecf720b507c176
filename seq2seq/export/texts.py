"""Runs on texts: their graphs, and what holds an export against its run."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seq2seq.decoding.sampling import Sampling
from seq2seq.errors import InputError
from seq2seq.export.graph import Graph
from seq2seq.export.language_model import language_graphs
from seq2seq.export.parity import ROWS, Difference, compared, compared_texts
from seq2seq.export.translation import translation_graphs
from seq2seq.inference import writer
from seq2seq.inference.ensemble import Paths
from seq2seq.inference.translation_columns import columns_of
from seq2seq.inference.translator import Translator
from seq2seq.inference.writer import Writer
from seq2seq.models import EncoderDecoder, Ensemble
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.runtime.folder import is_exported
from seq2seq.runtime.texts import ExportedTranslator
from seq2seq.text.blank import is_blank
from seq2seq.text.corpus import stream_pairs
from seq2seq.text.plain import read_text, split_text
from seq2seq.text.splitting import read_lines
from seq2seq.text.tokens import TokenRows

STRANGE = ("", "   ", "\U0001f9ff \u16a0")  # nothing to translate, and what no vocabulary knows
LENGTH = 40  # characters that a language model writes
PAIRS = 1000  # that are read: how good translations are takes more of them than whether they are the same
LOGITS = 10.0  # about the size of logits, of which log-probabilities are differences


class Sample(NamedTuple):
    """Texts to hold an export against.

    Attributes:
        sources: list of str.
        references: list of str, a translation of each, or None.
    """

    sources: list[str]
    references: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """Texts to translate in every way, and texts that are hardly any."""
        return [*self.sources[:ROWS], *STRANGE]


def files(run: Run) -> list[Path]:
    """What an export has beside its graphs: the tokenizers."""
    sides = ["text"] if run.task == writer.TASK else ["source", "target"]
    return list(dict.fromkeys(map(run.tokenizer_file, sides)))


def load_translator(paths: Paths) -> Translator:
    """A translator, or an ensemble, in float32, as its export is, whatever the machine is fast in."""
    loaded = Translator.load(paths)
    if isinstance(loaded.model, ExportedTranslator):
        return loaded
    members = loaded.model.members if isinstance(loaded.model, Ensemble) else [loaded.model]
    model, *others = map(_in_float32, members)
    model = Ensemble([model, *others]) if others else model
    return Translator(loaded.config, loaded.source, loaded.target, model, workers=loaded.workers)


def _in_float32(model):
    if model.dtype_policy.compute_dtype == "float32":
        return model
    exact = EncoderDecoder(**model.arguments, dtype="float32")
    exact.set_weights(model.get_weights())
    return exact


def load_writer(path: Path) -> Writer:
    """A language model in float32."""
    loaded = Writer.load(path)
    if is_exported(path) or loaded.model.dtype_policy.compute_dtype == "float32":
        return loaded
    model = writer.build_model(loaded.config, loaded.tokenizer)
    model.set_weights(loaded.model.get_weights())
    return Writer(loaded.config, loaded.tokenizer, model)


def translator_graphs(loaded: Translator, new: type[Graph] = Graph) -> dict[str, Graph]:
    """The graphs of a translator."""
    return translation_graphs(loaded.model, new)


def writer_graphs(loaded: Writer, new: type[Graph] = Graph) -> dict[str, Graph]:
    """The graphs of a language model."""
    return language_graphs(loaded.model, new)


def differences_of_translators(own: Translator, exported: Translator, sample: Sample) -> list[Difference]:
    """Translations of a sample by every kind of search, and what is believed of them and attended to, by both."""
    lines = sample.lines
    begun = next((word for text in lines for word in text.split() if word.isalpha()), "")  # what no setting protects
    searches = {
        "greedy": {"beam_size": 1},
        "greedy, without scores": {"beam_size": 1, "scored": False},
        "beam of 4, 3 best": {"beam_size": 4, "n_best": 3, "length_penalty": 0.7},
        "no token twice, beam": {"beam_size": 2, "no_repeat": 1},
        "no two tokens twice": {"beam_size": 1, "no_repeat": 2},
        "after a prefix": {"beam_size": 2, "prefix": begun},
        "drawn": {"sampling": Sampling(0.9, top_k=20, top_p=0.9, seed=7)},
    }
    if own.config.decoding.copy_unknown:
        searches["unknown words copied"] = {"copy_unknown": True}
    return differences_of_searches(own, exported, lines, searches) + _forced(own, exported, lines)


def differences_of_searches(
    own: Translator, exported: Translator, lines: Sequence[str], searches: Mapping[str, Mapping]
) -> list[Difference]:
    """Translations by searches, given by their options, by both."""
    found = []
    for what, options in searches.items():
        sides = [list(each.stream(lines, **options)) for each in (own, exported)]
        found.append(compared_texts(f"translations, {what}", *sides))
    return found


def _forced(own, exported, lines):
    """Log-probabilities of translations, and their attention."""
    best = list(own.stream(lines, beam_size=1))
    chosen = [number for number, hypotheses in enumerate(best) if hypotheses]
    source = own.source.encode([own.texts.normalized(lines[number]) for number in chosen])
    labels = TokenRows.from_rows([best[number][0].tokens for number in chosen])
    attended = own.config.model.attention != "none"

    def read(side):
        told = lambda _, log_probabilities, weights: (log_probabilities, weights)  # noqa: E731
        rows = side.forced.read(source, labels, own.config.decoding.batch_tokens, told, attended=attended)
        return zip(*rows, strict=True)

    (own_told, own_weights), (told, weights) = read(own), read(exported)
    found = [compared("log-probabilities", *map(np.concatenate, (own_told, told)), unit=LOGITS)]
    if attended:
        pairs = zip(own_weights, weights, strict=True)
        width = source.lengths + 1  # what is behind it depends on which texts shared a batch
        flat = [[side[:, :end].ravel() for side in pair] for pair, end in zip(pairs, width, strict=True)]
        found.append(compared("attention", *map(np.concatenate, zip(*flat, strict=True))))
    return found


def differences_of_writers(own: Writer, exported: Writer, text: str) -> list[Difference]:
    """What follows beginnings from a text, drawn and not, by both."""
    drawings = {"likeliest": None, "drawn": Sampling(0.8, seed=3), "drawn from few": Sampling(1.1, 5, 0.9, seed=4)}
    return differences_of_drawings(own, exported, text, drawings)


def differences_of_drawings(
    own: Writer, exported: Writer, text: str, drawings: Mapping[str, Sampling | None]
) -> list[Difference]:
    """What follows beginnings from a text, by both."""
    begins = np.linspace(0, max(len(text) - LENGTH, 0), 8).astype(int)
    prompts = [text[begin : begin + 1 + 3 * k] for k, begin in enumerate(begins)] + [STRANGE[-1]]
    found = []
    for what, sampling in drawings.items():
        sides = [[side.write(prompt, LENGTH, sampling, 2) for prompt in prompts] for side in (own, exported)]
        apart = 0.0 if sides[0] == sides[1] else np.inf
        found.append(Difference(f"texts, {what}", 2 * LENGTH * len(prompts), apart))
    return found


def read_pairs_of(
    own: Translator, report: Report, location: str | None = None, references: str | None = None
) -> Sample:
    """Texts of a file and, where they are given, their translations, those of another; by default the validation data,
    or where these are a part of the others, the first pairs of the training.

    Raises:
        InputError: they cannot be read; or the files do not have as many lines.
    """
    data = own.config.data
    if location:
        return _read_files(location, references)
    place = data.valid or data.train
    try:
        columns = columns_of(place, data, report)
        pairs = list(stream_pairs(place, data.source, data.target, columns=columns, swap=data.swap, limit=PAIRS))
    except InputError as error:
        raise InputError(_needs_sample(str(error))) from error
    return Sample([pair[0] for pair in pairs], [pair[1] for pair in pairs])


def _read_files(location, references):
    lines = [list(islice(read_lines(Path(each)), PAIRS)) for each in (location, references) if each]
    if len(lines) > 1 and len(lines[0]) != len(lines[1]):
        raise InputError(
            f"--sample {location} has {len(lines[0]):,} lines and --reference {references} {len(lines[1]):,}: line n "
            "of one must be the translation of line n of the other."
        )
    if all(map(is_blank, lines[-1])):
        raise InputError(f"{references or location} has no line with text to hold the export against: give another.")
    return Sample(*lines)


def read_text_of(own: Writer, report: Report, location: str | None = None) -> str:
    """The text of a file, by default the validation part of that of the training.

    Raises:
        InputError: it cannot be read.
    """
    data = own.config.data
    if location:
        return read_text(location)
    try:
        return split_text(read_text(data.text), data.valid_share, data.text)[1]
    except InputError as error:
        raise InputError(_needs_sample(str(error))) from error


def _needs_sample(reason):
    return (
        f"the export cannot be held against the data of the training: {reason.rstrip('.')}. Give --sample FILE, UTF-8 "
        "text of their kind, for a translator a source text in each line, and with --int8 --reference FILE, their "
        "translations."
    )
