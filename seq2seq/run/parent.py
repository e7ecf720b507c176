"""The runs that a training needs: looked at before anything takes long, and named in the run that comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seq2seq.config.inheriting import inherited, refuse_unfit
from seq2seq.errors import InputError
from seq2seq.run.directory import Run
from seq2seq.run.integrity import refuse_while_trained, stored_in
from seq2seq.run.seeds import started_from
from seq2seq.storage import digest

FROM_BEGINS = "--from {} begins a run, and --finish ends one, which has its weights: leave --from out."


@dataclass(frozen=True)
class Parent:
    """A finished run whose weights, and what they need, a training starts from. Make it with `open`.

    Attributes:
        given: str. Its path as it was given.
        run: `Run`.
        settings: the settings that the training has by default, a configuration.
    """

    given: str
    run: Run
    settings: Any

    @classmethod
    def open(cls, path: str | Path, kind: Any, run_dir: str | Path) -> "Parent":
        """Open a run to start from.

        Args:
            path: folder of the run.
            kind: dataclass of the configuration of both.
            run_dir: folder of the run to be.

        Raises:
            InputError: what is there cannot be started from; says why.
        """
        run = open_finished("--from", path, kind.task, run_dir)
        return cls(str(path), run, inherited(run.read_config_as(kind)))

    @property
    def record(self) -> dict[str, str]:
        """What a run keeps of its parent."""
        return {"run": self.given, "weights": self.run.identity}

    def refuse_unfit(self, config: Any) -> None:
        """Raise InputError where the weights are not for `config`, the configuration of the training."""
        refuse_unfit(config, self.settings, self.given)


def refuse_other_parent(run_dir: str | Path, path: str | Path) -> None:
    """Raise InputError where the run at `run_dir`, which goes on, did not start from the run at `path` as it is now."""
    began = parent_of(run_dir)
    if began is None:
        raise InputError(f"{run_dir} did not start from another run: to go on with it leave out --from {path}.")
    if not is_record_of(began, path):
        raise InputError(
            f"{run_dir} started from {began['run']} ({began['weights'][:12]}), and --from {path} is another run, or "
            "has other weights by now: leave --from out to go on with it, or choose another --run."
        )


def refuse_other_origin(run_dir: str | Path, path: str | Path | None) -> None:
    """Raise InputError where several runs in `run_dir` go on from another run than they began from: those that have not
    begun would start from the run at `path`, or from fresh weights where it is None."""
    began = started_from(run_dir)
    if began and path is None:
        raise InputError(
            f"the runs in {run_dir} start from {began['run']} ({began['weights'][:12]}): --resume with --from "
            f"{began['run']} goes on with them."
        )
    if path is not None and not (began and is_record_of(began, path)):
        origin = f"from {began['run']} ({began['weights'][:12]})" if began else "from fresh weights"
        raise InputError(f"the runs in {run_dir} start {origin}, not from --from {path}: choose another --run.")


def is_record_of(record: Mapping[str, str], path: str | Path | None) -> bool:
    """Whether `Parent.record` is of the run at `path` as it is now; one that is gone is known by its name."""
    weights = path and Path(path) / "weights.npz"
    return digest(weights) == record["weights"] if weights and weights.is_file() else str(path) == record["run"]


def open_finished(option: str, path: str | Path, task: str, run_dir: str | Path) -> Run:
    """Open a run that another training needs, which must have ended: its weights stay what they are.

    Args:
        option: that names it, such as `"--from"`.
        path: folder of the run.
        task: its task.
        run_dir: folder of the run to be.

    Raises:
        InputError: the run to be, or one that cannot be opened, is being trained, has no weights or has not finished.
    """
    place, there = Path(run_dir).resolve(), Path(path).resolve()
    if there == place:
        raise InputError(f"{option} {path} is the folder that --run writes to: choose another --run.")
    if place in there.parents:
        raise InputError(f"{option} {path} lies in {run_dir}, the folder that --run writes to: choose another --run.")
    if not there.is_dir():
        found = "is a file" if there.exists() else "is not there"
        raise InputError(f"{option} {path} {found}: expected the folder of a trained run.")
    run = Run.open(path, task)
    refuse_while_trained(run.path / "lock")
    run.need_weights()
    if not (run.path / "metrics.json").exists():
        raise InputError(
            f"{option} {path}: its training has not finished (there is no metrics.json): go on with it by --resume, "
            "to fewer --epochs where these are enough."
        )
    return run


def parent_of(path: str | Path) -> Mapping[str, str] | None:
    """`Parent.record` of the run in a folder; None where it has no parent, or the folder no run."""
    record = stored_in(path, "parent")
    return record if _names_a_run(record) else None


def teachers_of(path: str | Path) -> list[Mapping[str, str]]:
    """Path and digest of the weights of each run that the run in a folder has learned from, as `parent_of` has them."""
    records = stored_in(path, "teachers")
    return [record for record in records if _names_a_run(record)] if isinstance(records, list) else []


def _names_a_run(record):
    return isinstance(record, dict) and all(isinstance(record.get(name), str) for name in ("run", "weights"))
