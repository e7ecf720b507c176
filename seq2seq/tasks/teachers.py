"""What teachers tell a student: translations of its training sources, and what they believe of each token.

Translations are kept in the folder of the run as they come. A file holds those of so many sources, and tells what
decides its content. So a training that is started again, or goes on, translates only what is missing, and a run that
has all of it, and learns nothing of tokens, needs its teachers no more.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from seq2seq.config import TranslationConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.moses import language_of
from seq2seq.evaluation.sentence_costs import SentenceCosts
from seq2seq.evaluation.translation import in_case, validation_bleu
from seq2seq.inference.ensemble import check_fits, load_tokenizers, open_runs
from seq2seq.inference.search import Search
from seq2seq.inference.texts import Remarks
from seq2seq.inference.translator import Translator
from seq2seq.interruption import Interruption
from seq2seq.report import Naming, Report
from seq2seq.run.parent import open_finished
from seq2seq.runtime.folder import is_exported
from seq2seq.storage import digest, fingerprint, replacing
from seq2seq.text.blank import is_blank
from seq2seq.text.corpus import ParallelText, normalize
from seq2seq.text.tokens import Tokenizer
from seq2seq.training.teaching import TokenTeachers

SOURCES_AT_ONCE = 1000  # in a file, translated together: an interruption loses no more
FORMAT = 1  # counts what else decides the content of a file
LEAST_BLEU = 1.0  # of teachers that translate what they are asked to
BELIEFS = 0.5  # share of them, unless told, where student and teachers have the same tokens
Records = Sequence[Mapping[str, str]]


def open_teachers(config: TranslationConfig, run_dir: Path) -> Records:
    """Look at the teachers of a run to be, before anything takes long.

    Args:
        config: `TranslationConfig` of the student.
        run_dir: folder of its run.

    Returns:
        What a run keeps of each, see `teachers_of`.

    Raises:
        InputError: one that cannot be opened or has not finished, or that writes what the student shall not; the same
            one twice; several that cannot translate together.
    """
    paths = config.distillation.teachers
    if exported := next(filter(is_exported, paths), None):
        raise InputError(
            f"--teacher {exported} is an exported folder, and teachers are runs: give that which it is of."
        )
    records = [
        {"run": path, "weights": open_finished("--teacher", path, config.task, run_dir).identity} for path in paths
    ]
    for place, record in enumerate(records):
        for before in records[:place]:
            if record["weights"] == before["weights"]:
                raise InputError(f"--teacher {record['run']} and {before['run']} are one run: give it once.")
    first, *others = runs = open_runs(paths if len(paths) > 1 else paths[0])
    sides = load_tokenizers(*first)
    for other in others:
        check_fits((*first, sides), other)
    for path, (_, teacher) in zip(paths, runs, strict=True):
        _refuse_unfit(path, teacher, config)
    return records


def _refuse_unfit(path, teacher, config):
    if teacher.data.reverses(config.data):
        raise InputError(f"--teacher {path} translates the other way round: train with --swap, or choose another.")
    for side, theirs, own in zip(("reads", "writes"), teacher.data.direction, config.data.direction, strict=True):
        languages = [language_of(name if isinstance(name, str) else None) for name in (theirs, own)]
        if None not in languages and languages[0] != languages[1]:
            raise InputError(
                f"--teacher {path} {side} {theirs!r}, and {config.data.train} is to be trained with {own!r}: choose a "
                "teacher of the same languages."
            )
    if teacher.text.lowers and not config.text.lowers:
        raise InputError(
            f"--teacher {path} writes lower case (text.case=lower), which the student would learn: set "
            "text.case=lower for it, too, or choose another teacher."
        )


def settled_by_teachers(
    config: TranslationConfig, records: Records, tokenizers: Sequence[Tokenizer], resume: bool, report: Report
) -> TranslationConfig:
    """`config` with the share of what teachers believe of tokens, where it leaves it open.

    Args:
        config: `TranslationConfig` of the student.
        records: what its run keeps of the teachers.
        tokenizers: its own, of source and target.
        resume: bool. Whether a run goes on; one that has no such share began before there was any.
        report: `Report`.

    Raises:
        InputError: it shall learn that, and has other tokens than its teachers.
    """
    share = config.distillation.tokens
    if not records or resume or share == 0.0:
        return config
    if share is None and (config.training.consistency or config.training.objective == "risk"):
        report.say("what the teachers believe of tokens is not learned beside training.consistency or risk")
        share = 0.0
    elif not _same_tokens(records[0], tokenizers):
        if share is not None:
            raise InputError(
                f"distillation.tokens={share:g} needs the tokens of the teachers, and {records[0]['run']} has others: "
                "train with its settings of text on its texts, or leave it out."
            )
        report.say("the teachers have other tokens than the student, which learns from what they write alone")
        share = 0.0
    share = BELIEFS if share is None else share
    if share:
        report.say(f"{share:.0%} of what is learned of a token is what the teachers believe, the rest is the token")
    return replace(config, distillation=replace(config.distillation, tokens=share))


def _same_tokens(record, tokenizers):
    ((run, settings),) = open_runs(record["run"])
    theirs = load_tokenizers(run, settings)
    return all(own.agrees_with(other) for own, other in zip(tokenizers, theirs, strict=True))


class Lessons:
    """What the teachers of a student tell it of its training pairs.

    Args:
        config: `TranslationConfig` of the student, with nothing left open.
        records: what its run keeps of the teachers, see `teachers_of`.
        pairs: `ParallelText`. The training pairs, as they were read.
        folder: Path, to be written to.
        report: `Report`.
    """

    def __init__(self, config: TranslationConfig, records: Records, pairs: ParallelText, folder: Path, report: Report):
        self._records, self._pairs, self._folder, self._report = records, pairs, folder, report
        self._settings, self._tokenizer = config.distillation, config.training.bleu_tokenizer
        self._lowers, self._keeps_white_space = config.text.lowers, config.text.keeps_white_space
        measure = self._settings.choose.removeprefix("nearest_")
        self._costs = None if measure == "best" else SentenceCosts(measure, self._tokenizer, self._lowers)
        self._loaded = None

    def of_tokens(self, workers: int) -> TokenTeachers | None:
        """What tells a student what the teachers believe of each token; None where it does not learn that.

        Args:
            workers: int. As for `translations`.

        Raises:
            InputError: a teacher is not there or has changed.
        """
        if not (share := self._settings.tokens):
            return None
        need = f"distillation.tokens={share:g} asks the teachers in each update"
        from seq2seq.models.ensemble import models_in

        return TokenTeachers(models_in(self._translator(workers, need).model), share)

    def translations(self, interruption: Interruption, workers: int) -> list[str | None]:
        """Return the chosen translation of the source of each pair; None where none is whole.

        Args:
            interruption: `Interruption` that may stop it between two files.
            workers: int. Batches that are translated at once.

        Raises:
            InputError: some are missing, and a teacher is not there or has changed.
            Stopped: the interruption asked for it.
        """
        parts = _parts(self._pairs.source)
        found = [self._read(number, rows) for number, rows in enumerate(parts)]
        missing = [number for number, chosen in enumerate(found) if chosen is None]
        if missing:
            try:
                self._folder.mkdir(exist_ok=True)
                self._translate(parts, found, missing, interruption, workers)
            except OSError as error:
                raise InputError(
                    f"{self._folder} cannot be written ({error.strerror}): what was there is whole; make room, and the "
                    "same command goes on."
                ) from error
        else:
            self._tell(parts[0], found[0])
        translations: list[str | None] = [None] * len(self._pairs)
        for rows, chosen in zip(parts, found, strict=True):
            for row, text in zip(rows, chosen, strict=True):
                translations[row] = text
        return translations

    def _translate(self, parts, found, missing, interruption, workers):
        """Fill the gaps of `found`, a file at a time."""
        translator = self._translator(
            workers, f"{self._folder} lacks {len(missing):,} of {len(parts):,} files of what the teachers write"
        )
        of_each = self._settings.beam_size if self._costs else 1
        search = translator.settled(Search(beam_size=self._settings.beam_size, n_best=of_each))
        sources = [list(dict.fromkeys(self._pairs.source[row] for row in rows)) for rows in parts]
        total = sum(map(len, sources))
        with self._report.progress("the teachers translate", total, "sentences") as progress:
            progress.begin_at(total - sum(len(sources[number]) for number in missing))
            answered = translator.stream_chunks((sources[each] for each in missing), search, progress=progress)
            with closing(answered):  # which cancels what waits to be searched
                for number, answers in zip(missing, answered, strict=True):
                    texts = self._whole(translator, search, sources[number], answers)
                    whole = dict(zip(sources[number], texts, strict=True))
                    found[number] = [self._chosen(whole[self._pairs.source[row]], row) for row in parts[number]]
                    self._write(number, parts[number], found[number])
                    if number == missing[0]:
                        self._tell(parts[number], found[number])
                    if stop := interruption.due():
                        raise stop

    def _translator(self, workers, need):
        paths = [record["run"] for record in self._records]
        try:
            runs = [run for run, _ in open_runs(paths if len(paths) > 1 else paths[0])]
            for run, record in zip(runs, self._records, strict=True):
                if digest(run.weights) != record["weights"]:
                    raise InputError(f"{run.path} has other weights than when the run was started.")
        except InputError as error:
            raise InputError(f"{need}, so they are needed as they were: {error}") from error
        if self._loaded is None:
            told = Naming(self._report, "the teachers")
            self._loaded = Translator.load(paths if len(paths) > 1 else paths[0], told, workers)
        return self._loaded

    def _whole(self, translator, search, sources, answers) -> Iterator[list[str]]:
        """Of each source the texts of its translations that are whole: none where a part of it was not read."""
        lengths = translator.texts.encode(sources, Remarks())[1].lengths
        for length, hypotheses in zip(lengths, answers, strict=True):
            texts = [
                normalize(each.text, keep_white_space=self._keeps_white_space)
                for each in hypotheses
                if not each.is_cut and length <= search.max_source_tokens
            ]
            yield [text for text in texts if not is_blank(text)]

    def _chosen(self, texts, row):
        if not texts or self._costs is None:
            return texts[0] if texts else None
        return texts[int(np.argmin(self._costs.of(texts, self._pairs.references[row])))]

    def _tell(self, rows, chosen):
        """Tell how near some translations are to the references: teachers of other languages are known at once."""
        pairs = [(text, self._pairs.references[row]) for row, text in zip(rows, chosen, strict=True) if text]
        if not pairs:
            return
        bleu = validation_bleu(*in_case(*zip(*pairs, strict=True), self._lowers), self._tokenizer)
        told = f"what the teachers write has BLEU {bleu:.1f} against the references of {len(pairs):,} training pairs"
        if bleu < LEAST_BLEU:
            self._report.warn(f"{told}: do they translate these languages?")
        else:
            self._report.say(told)

    def _path(self, number):
        return self._folder / f"{number:05}.json"

    def _read(self, number, rows):
        """What is kept for these pairs, or None: nothing, or what is damaged, or of other teachers or settings."""
        try:
            content = json.loads(self._path(number).read_text(encoding="utf-8"))
            pairs = content["pairs"]
            if content["of"] != self._key(rows) or content["hash"] != fingerprint(pairs):
                return None
            return [text for _, text in pairs]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def _write(self, number, rows, chosen):
        pairs = [[self._pairs.source[row], text] for row, text in zip(rows, chosen, strict=True)]
        content = {"of": self._key(rows), "hash": fingerprint(pairs), "pairs": pairs}
        with replacing(self._path(number)) as temporary:
            temporary.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")

    def _key(self, rows):
        """What a file depends on. The weights of a teacher name all that it needs, its settings too."""
        settings = {"beam_size": self._settings.beam_size, "choose": self._settings.choose}
        if self._costs:
            settings |= {"tokenizer": self._tokenizer, "lowercase": self._lowers}
            settings["references"] = [self._pairs.references[row] for row in rows]
        return fingerprint(
            {
                "format": FORMAT,
                "teachers": [record["weights"] for record in self._records],
                "white_space": self._keeps_white_space,
                "sources": [self._pairs.source[row] for row in rows],
                **settings,
            }
        )


def _parts(sources: Sequence[str]) -> list[np.ndarray]:
    """The rows of each file: those of so many different sources, in the order in which these come first."""
    numbers: dict[str, int] = {}
    of_rows = np.array([numbers.setdefault(source, len(numbers)) for source in sources])
    order = np.argsort(of_rows, kind="stable")
    ends = np.searchsorted(of_rows[order], np.arange(SOURCES_AT_ONCE, len(numbers), SOURCES_AT_ONCE))
    return np.split(order, ends)
