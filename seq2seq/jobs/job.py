"""Batch jobs: many files through a trained run, on one machine or many, killed and started again as it comes.

An input is worked off in parts of a fixed number of records, each by itself, so that what comes out does not depend on
when a job was stopped or who did which part. Parts lie in a hidden folder until all of an input are there; then they
are joined, the output gets its name, and a manifest tells of what input, model and settings it is.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.jobs.copies import Copies
from seq2seq.jobs.folder import Folder, folder_at
from seq2seq.jobs.inputs import Source
from seq2seq.jobs.manifest import Manifest
from seq2seq.jobs.parts import FOLDER, REJECTED, Parts, Rejected
from seq2seq.jobs.shards import Shard
from seq2seq.jobs.work import Work
from seq2seq.report import Report
from seq2seq.storage import digest, fingerprint

WRITE_EVERY = 1.0  # seconds between two manifests: there may be thousands of small outputs


@dataclass
class Outcome:
    """What became of the inputs of a job.

    Attributes:
        finished: int. Outputs that this process joined.
        skipped: int. Outputs that were finished before, or by another shard.
        waiting: list of str. Outputs of which other shards have parts to do.
        problems: list of str. What was wrong with inputs that could not be read, or not to their end.
        bad_records: int. In the outputs that are finished.
    """

    finished: int = 0
    skipped: int = 0
    waiting: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    bad_records: int = 0


class Job:
    """One process of a batch job.

    Args:
        work: `Work`.
        output: path, URL or `Folder` of the outputs.
        shard: `Shard`, which of the parts are this process's.
        strict: bool. Stop at the first record or input that cannot be read.
        report: `Report`.
        do: function like `work.work`, which it is by default, that has parts of `work` done elsewhere.
    """

    def __init__(
        self,
        work: Work,
        output: Path | str | Folder,
        *,
        shard: Shard | None = None,
        strict: bool = False,
        report: Report | None = None,
        do: Callable[..., Iterator[Source]] | None = None,
    ):
        self._work_off = do or self._work_off_here
        self.work, self.output, self.strict = work, folder_at(output), strict
        self.shard, self.report = shard or Shard(), report or Report()
        self.manifest, self._joined, self._written_at = Manifest(self.output, self.shard), [], 0.0
        self.outcome, self._copies = Outcome(), Copies()

    def run(self, sources: Sequence[Source]) -> Outcome:
        """Do the parts of this process, and join each output whose parts are all there.

        Raises:
            InputError: with `strict`, a record or an input that cannot be read.
            UnreachableError: the inputs or the outputs are elsewhere, and that does not answer.
        """
        with self._copies, self._copies.naming():
            self._run(sources)
        return self.outcome

    def _run(self, sources):
        unfinished = self._look_at(sources)
        try:
            self._do(unfinished)
            self.manifest.look_again()
            for _, source in unfinished.values():  # other shards may have done the rest of it meanwhile
                if not self._is_finished(source):
                    if self._parts(source).missing():
                        self.outcome.waiting.append(source.name)
                    else:
                        self._join(source)
        finally:
            self._settle()

    def _do(self, unfinished):
        """Do the parts of this process; an output that was joined is no longer in `unfinished` then."""
        todo = self._share(unfinished)
        total = sum(source.sizes[number] for source, _, numbers in todo for number in numbers)
        with (
            self.report.progress(self.work.title, total, self.work.unit) as progress,
            closing(self._work_off(todo, progress)) as worked,
        ):
            for source in worked:
                if not self._parts(source).missing():
                    self._join(source)
                    del unfinished[source.name]

    def _work_off_here(self, todo, progress):
        """Have this process do parts of inputs; each is there when it is its turn."""
        return self.work.work(self._held(todo), progress)

    def _held(self, todo):
        for source, *parts in todo:
            # One that is read in place is compared when its output is joined, and not each time.
            with self._copies.held(source) if source.remote else nullcontext(source) as found:
                if found.checksum != source.checksum:
                    raise InputError(f"{source.place} was changed while the job ran: start the job again.")
                yield found, *parts

    def _look_at(self, sources):
        """The inputs that are not finished, by name: their place among all, and what there is to do in them."""
        unfinished, begun = {}, self.output.names(FOLDER)
        with self.report.progress("Looking through the inputs", len(sources), "files") as progress:
            for place, source in enumerate(sources):
                progress.advance()
                if source.version and self._is_finished(source, begun):  # without a look at its content
                    continue
                with ExitStack() as stack:
                    try:
                        source = stack.enter_context(self._copies.held(source))
                    except OSError as error:
                        problem = f"{source.place} cannot be read: {error.strerror or error}"
                        self._refuse(replace(source, problem=problem))
                        continue
                    if not self._is_finished(source, begun) and (source := self._scanned(source)):
                        unfinished[source.name] = place, source
        self._refuse_foreign([source for _, source in unfinished.values()])
        return unfinished

    def _refuse_foreign(self, sources):
        """Raise InputError where an output would take the place of what no job has written."""
        there, foreign = {}, []
        for source in sources:
            folder, _, name = source.name.rpartition("/")
            if folder not in there:
                there[folder] = self.output.names(folder)
            # Of what a job wrote, and no manifest names yet, the parts are there: they go last. Where an input has no
            # parts, what comes out is compared with what is there.
            if name in there[folder] and source.sizes and not self.output.names(f"{FOLDER}/{source.name}"):
                foreign += [] if self._is_known(source) else [self.output.place(source.name)]
        if foreign:
            raise _foreign(*foreign)

    def _is_known(self, source):
        self.manifest.look_again()
        return self.manifest.names(source.name)

    def _scanned(self, source):
        """The input with what there is to do, or None where that is nothing since it cannot be read."""
        source = self.work.scan(source)
        source = replace(source, problem=self._copies.named(source.problem))
        if source.problem and not source.records:
            self._refuse(source)
            return None
        if source.problem:
            self._problem(source.problem)
        return source

    def _share(self, unfinished):
        """What this shard has to do. Parts are dealt out, so that a single big input is shared too; by the place of the
        input among all, so that all shards deal in one way, whenever they start and whatever is finished by then."""
        todo = []
        for place, source in unfinished.values():
            parts = self._parts(source)
            numbers = [number for number in parts.missing() if self.shard.takes(place + number)]
            if numbers:
                todo.append((source, parts, numbers))
        return todo

    def _parts(self, source):
        identity = fingerprint([source.checksum, self.work.model, self.work.settings])
        return Parts(self.output, f"{FOLDER}/{source.name}/{identity}", len(source.sizes))

    def _is_finished(self, source, begun=None):
        """Whether the output is there and is what this job would make of this input; counts it then.

        Where it is known, `begun` has the first folders of all outputs of which there are parts.
        """
        made = {"model": self.work.model, "settings": self.work.settings}
        for entry in self.manifest.entries(source.name):
            if made.items() <= entry.items() and _is_of(entry, source) and self._is_there(entry, source.name):
                if begun is None or source.name.split("/")[0] in begun:
                    self._parts(source).remove()  # what a process left that was killed in the moment after the join
                self.outcome.skipped += 1
                self._count(source, entry)
                return True
        return False

    def _is_there(self, entry, name):
        version = self.output.version(name)
        known = version and version == entry.get("output_version")
        return known or self.output.digest(name) == entry["output_checksum"]

    def _join(self, source):
        parts = self._parts(source)
        with self._copies.held(source) as now:
            if now.checksum != source.checksum:
                self._problem(f"{source.place} was changed while the job ran: start the job again.")
                return
            try:
                bad = self._join_rejected(parts, source.name + REJECTED)
                with parts.replacing(source.name) as file:
                    self.work.join(now, parts.contents(), file)
                    file.flush()
                    checksum = digest(Path(file.name))
                    is_new = bool(parts.count) or self.output.digest(source.name) in (None, checksum)
                    if not is_new and not self._is_known(source):
                        raise _foreign(self.output.place(source.name))
            except FileNotFoundError:
                self.manifest.look_again()
                if not self._is_finished(source):  # another shard joined them, and removed them, in the same moment
                    raise
                return
        entry = {
            "input": source.place,
            "input_checksum": source.checksum,
            "output_checksum": checksum,
            "records": source.records,
            "bad_records": bad,
            "problem": source.problem,
            "model": self.work.model,
            "settings": self.work.settings,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        versions = {"input_version": now.version, "output_version": self.output.version(source.name)}
        entry |= {key: version for key, version in versions.items() if version}
        self.manifest.record(source.name, entry)
        self._joined.append(parts)
        if time.monotonic() - self._written_at > WRITE_EVERY:
            self._settle()
        self.outcome.finished += 1
        self._count(source, entry | {"problem": ""})  # the problem was told when the input was looked at

    def _settle(self):
        """Write the manifest, then remove the parts of the outputs that it tells of, in this order: a process that is
        killed in between joins them again."""
        self.manifest.write()
        while self._joined:
            self._joined.pop().remove()
        self._written_at = time.monotonic()

    def _join_rejected(self, parts, name):
        """Write the list of bad records beside the output; where there are none there is no list."""
        lines = _lines(parts.rejected())
        if (first := next(lines, None)) is None:
            self.output.remove(name)
            return 0
        with parts.replacing(name) as file:
            bad = 0
            for line in chain([first], lines):
                file.write(line)
                bad += 1
        return bad

    def _count(self, source, entry):
        self.outcome.bad_records += entry["bad_records"]
        if entry["problem"]:
            self._problem(entry["problem"])
        if entry["bad_records"] and self.strict:
            raise InputError(
                f"{source.place} has {entry['bad_records']:,} bad records, listed in "
                f"{self.output.place(source.name + REJECTED)}: mend them, or run without --strict."
            )

    def _refuse(self, source):
        """List why nothing comes out for an input, where its bad records would be.

        What an earlier job made of other content, or with other settings, goes: beside the list it would be taken for
        what this one made.
        """
        made = [entry["output_checksum"] for entry in self.manifest.entries(source.name)]
        if source.checksum and made and self.output.digest(source.name) in made:
            self.output.remove(source.name)
        parts = self._parts(source)
        # Another shard that lists the same in the same moment may remove the folder of the parts: its list is there.
        with suppress(FileNotFoundError), parts.replacing(source.name + REJECTED) as file:
            rejected = Rejected(file)
            for place, reason in source.refused or [({"input": source.place}, source.problem)]:
                rejected.add(place, self._copies.named(reason))
        parts.remove(others=bool(source.checksum))  # what cannot be opened here may be worked on elsewhere
        self._problem(source.problem)

    def _problem(self, problem):
        if self.strict:
            raise InputError(problem)
        self.report.warn(problem)
        self.outcome.problems.append(problem)


def _foreign(place, *others):
    more = f" and {len(others):,} more" if others else ""
    return InputError(
        f"{place}{more} would be replaced, and no manifest of the folder tells of a job that wrote "
        f"{'them' if others else 'it'}: move what is there away, or choose another --output."
    )


def _lines(paths):
    for path in paths:
        with open(path, "rb") as file:
            yield from file


def _is_of(entry, source):
    """Whether an entry is about the content that an input has, as its checksum or its version tells."""
    told = {"input": source.place, "input_version": source.version}
    return entry["input_checksum"] == source.checksum or (bool(source.version) and told.items() <= entry.items())
