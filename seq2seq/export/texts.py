"""Runs on texts: their graphs, and what holds an export against its run."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from seq2seq.config import TranslationConfig
from seq2seq.decoding.sampling import Sampling
from seq2seq.errors import InputError
from seq2seq.export.graph import Graph
from seq2seq.export.language_model import language_graphs
from seq2seq.export.parity import ROWS, Difference, compared, compared_texts
from seq2seq.export.translation import translation_graphs
from seq2seq.inference import writer
from seq2seq.inference.ensemble import Paths
from seq2seq.inference.translator import Translator
from seq2seq.inference.writer import Writer
from seq2seq.models import EncoderDecoder, Ensemble
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.runtime.folder import is_exported
from seq2seq.runtime.texts import ExportedTranslator
from seq2seq.text.corpus import stream_pairs
from seq2seq.text.plain import read_text, split_text
from seq2seq.text.splitting import read_lines
from seq2seq.text.table import is_table
from seq2seq.text.tokens import TokenRows

STRANGE = ("", "   ", "\U0001f9ff \u16a0")  # nothing to translate, and what no vocabulary knows
LENGTH = 40  # characters that a language model writes
LOGITS = 10.0  # about the size of logits, of which log-probabilities are differences


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


def differences_of_translators(
    own: Translator, exported: Translator, sample: str | None, report: Report
) -> list[Difference]:
    """Translations of a sample by every kind of search, and what is believed of them and attended to, by both."""
    lines = sample_lines(own.config, sample)
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


def differences_of_writers(own: Writer, exported: Writer, sample: str | None, report: Report) -> list[Difference]:
    """What follows beginnings from the validation part, drawn and not, by both."""
    drawings = {"likeliest": None, "drawn": Sampling(0.8, seed=3), "drawn from few": Sampling(1.1, 5, 0.9, seed=4)}
    return differences_of_drawings(own, exported, sample, drawings)


def differences_of_drawings(
    own: Writer, exported: Writer, sample: str | None, drawings: Mapping[str, Sampling | None]
) -> list[Difference]:
    """What follows beginnings from the validation part, by both."""
    text = validation_text(own, sample)
    begins = np.linspace(0, max(len(text) - LENGTH, 0), 8).astype(int)
    prompts = [text[begin : begin + 1 + 3 * k] for k, begin in enumerate(begins)] + [STRANGE[-1]]
    found = []
    for what, sampling in drawings.items():
        sides = [[side.write(prompt, LENGTH, sampling, 2) for prompt in prompts] for side in (own, exported)]
        apart = 0.0 if sides[0] == sides[1] else np.inf
        found.append(Difference(f"texts, {what}", 2 * LENGTH * len(prompts), apart))
    return found


def sample_lines(config: TranslationConfig, sample: str | None) -> list[str]:
    """Texts of a sample to translate, and texts that are hardly any."""
    return [*islice(_source_lines(config, sample), ROWS), *STRANGE]


def validation_pairs(config: TranslationConfig, sample: str | None, limit: int) -> tuple[list[str], list[str]]:
    """Sources and references of the validation data, or where these are a part of the others, of the training."""
    data = config.data
    location = data.valid or data.train
    if sample or is_table(location):
        what = f"--sample {sample}" if sample else f"{location}, a table,"
        raise InputError(f"--int8 is held against references of files of lines, which {what} has not: leave it out.")
    pairs = list(stream_pairs(location, data.source, data.target, swap=data.swap, limit=limit))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _source_lines(config: TranslationConfig, sample: str | None) -> Iterator[str]:
    """Texts to translate: those of the validation data, or where these are a part of the others, of the training."""
    data = config.data
    location = sample or data.valid or data.train
    if sample:
        yield from read_lines(Path(sample))
        return
    if is_table(location):
        raise InputError(_needs_sample(f"{location} is a table"))
    try:
        yield from (pair[0] for pair in stream_pairs(location, data.source, data.target, swap=data.swap, limit=ROWS))
    except InputError as error:
        raise InputError(_needs_sample(str(error))) from error


def validation_text(loaded: Writer, sample: str | None) -> str:
    """The validation part of a text, or the text of a sample."""
    data = loaded.config.data
    if sample:
        return read_text(sample)
    try:
        return split_text(read_text(data.text), data.valid_share, data.text)[1]
    except InputError as error:
        raise InputError(_needs_sample(str(error))) from error


def _needs_sample(reason):
    return (
        f"the export cannot be held against the data of the training: {reason.rstrip('.')}. Give --sample FILE, UTF-8 "
        "text of their kind, for a translator a source text in each line."
    )
