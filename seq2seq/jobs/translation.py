"""The batch job of a translator: files of records through a trained run."""

import gzip
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from typing import NamedTuple

from seq2seq.errors import InputError
from seq2seq.inference.ensemble import Paths, identity_of
from seq2seq.inference.search import Search
from seq2seq.inference.texts import Remarks
from seq2seq.inference.translator import LINES_AT_ONCE, Translator
from seq2seq.jobs.inputs import Source
from seq2seq.jobs.work import Work
from seq2seq.text.records import Record, RecordError, RecordFile, record_file

PART_SIZE = 2 * LINES_AT_ONCE
BYTES_AT_ONCE = 1 << 24  # of records: lines may be megabytes long
_NOTHING = None, 0, None, None  # is being read: the input, the next part, the file and the records from there on


class _Chunk(NamedTuple):
    """Records of one part that are translated together; `texts` has None where one is bad."""

    source: Source
    part: int
    parts: object
    file: RecordFile
    records: list[Record]
    texts: list[str | None]
    reasons: dict[int, str]
    is_last: bool


class BatchTranslation(Work):
    """Translates the records of files.

    Args:
        translator: `Translator`.
        model: str. Checksum of its weights, which name those of all files that they need.
        search: `Search`, by default as the run's `decoding` section says.
        field: str. Key or column with the text, for the formats that have one.
        part_size: int. Records in a part.
        strict: bool. Stop at the first bad record.
    """

    title, unit = "Translating", "records"

    def __init__(
        self,
        translator: Translator,
        model: str,
        search: Search | None = None,
        *,
        field: str | None = None,
        part_size: int = PART_SIZE,
        strict: bool = False,
    ):
        self.translator, self.model, self.field, self.strict = translator, model, field, strict
        self.part_size, self.search = part_size, translator.settled(search, scored=False)
        if self.search.sampling and not self.search.mbr:
            raise InputError(
                "A draw depends on where a line stands, and a job that goes on begins elsewhere: leave out "
                "--temperature, or add --mbr 16, which chooses by the line alone."
            )
        told = asdict(self.search)
        if not self.search.mbr:  # as earlier versions have it, whose outputs are finished
            told = {name: each for name, each in told.items() if not name.startswith("mbr")}
        self.settings = {"task": "translate", "field": field, "part_size": part_size, **told}
        self._remarks, self._open = Remarks(), _NOTHING

    @classmethod
    def load(
        cls, run_dir: Paths, search: Search | None = None, *, workers: int | None = None, **given
    ) -> "BatchTranslation":
        """The work of a run directory, of an exported folder, or of a list of run directories, see `Translator.load`.

        So many batches are searched at once as there are `workers`; default what the machine is good for.

        Raises:
            InputError: as of `Translator.load`.
        """
        return cls(Translator.load(run_dir, workers=workers), identity_of(run_dir), search, **given)

    def scan(self, source):
        file = record_file(source.path, self.field)
        try:
            file.head()
        except InputError as error:
            return replace(source, problem=str(error))
        records, problem = file.count()
        if problem and records:
            problem += f"; the {records:,} records before are worked on"
        sizes = [self.part_size] * (records // self.part_size)
        sizes += [records % self.part_size] * (records % self.part_size > 0)
        return replace(source, records=records, sizes=tuple(sizes), problem=problem)

    def work(self, todo, progress):
        waiting = deque()

        def texts():
            for chunk in self._chunks(todo):
                waiting.append(chunk)
                yield [text or "" for text in chunk.texts]

        found = self.translator.stream_chunks(texts(), self.search, progress=progress, remarks=self._remarks)
        chunks = ((waiting.popleft(), hypotheses) for hypotheses in found)
        for chunk, hypotheses in chunks:
            with chunk.parts.writing(chunk.part) as (file, rejected):
                _write(chunk, hypotheses, file, rejected)
                while not chunk.is_last:
                    chunk, hypotheses = next(chunks)
                    _write(chunk, hypotheses, file, rejected)
            yield chunk.source

    def join(self, source, paths, file):
        name = source.path.name.lower()
        # Without a time and a name in its header a gzip file depends on its content alone.
        stream = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if name.endswith(".gz") else file
        stream.write(record_file(source.path, self.field).head())
        for path in paths:
            with open(path, "rb") as part:
                shutil.copyfileobj(part, stream, 1 << 20)
        if stream is not file:
            stream.close()

    def notes(self):
        return self._remarks.lines(self.search, numbered=False)

    def take_notes(self):
        taken, self._remarks = self._remarks, Remarks()
        return taken

    def add_notes(self, taken):
        self._remarks.add(taken)

    def _chunks(self, todo: Iterable) -> Iterator[_Chunk]:
        """The records of the parts, each input read once from its start."""
        for source, parts, numbers in todo:
            for number in numbers:
                file, records = self._opened(source, number)
                yield from self._part(source, parts, number, file, records)
                self._open = (source.path, source.checksum), number + 1, file, records

    def _opened(self, source, number):
        """An input and its records from a part on: read on behind the latest part, else from the beginning."""
        (of, following, file, records), self._open = self._open, _NOTHING
        if of != (source.path, source.checksum) or following > number:
            file, following = record_file(source.path, self.field), 0
            records = file.records()
        skipped = (number - following) * self.part_size
        next(islice(records, skipped, skipped), None)
        return file, records

    def _part(self, source, parts, number, file, records):
        left = source.sizes[number]
        while left:
            taken = []
            size = 0
            for record in islice(records, min(left, LINES_AT_ONCE)):
                taken.append(record)
                size += len(record.content)
                if size >= BYTES_AT_ONCE:
                    break
            left -= len(taken)
            if not taken:
                raise InputError(f"{source.place} was changed while the job ran: start the job again.")
            texts, reasons = self._texts(file, taken)
            yield _Chunk(source, number, parts, file, taken, texts, reasons, not left)

    def _texts(self, file, records):
        texts, reasons = [], {}
        for place, record in enumerate(records):
            try:
                texts.append(file.text(record))
            except RecordError as error:
                if self.strict:
                    raise InputError(
                        f"{file.path}, line {record.line}: {error}: mend it, or leave --strict."
                    ) from error
                texts.append(None)
                reasons[place] = str(error)
        return texts, reasons


def _write(chunk, hypotheses, file, rejected):
    for place, (record, found) in enumerate(zip(chunk.records, hypotheses, strict=True)):
        if place in chunk.reasons:
            rejected.add({"line": record.line}, chunk.reasons[place], record.content)
            file.write(chunk.file.written(record, None))
        else:
            file.write(chunk.file.written(record, found[0].text if found else ""))
