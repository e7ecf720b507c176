"""The folder of a run: the names of the files in it, which no other file knows.

config.json          task, format, configuration, checksums of the data, versions, and the parent and the teachers if
                     there are some
source.* target.*    tokenizers; one file `joint.*` where both sides share a vocabulary
corpus/              a training corpus too large for memory, prepared; not needed once the training is over
taught/              what the teachers of a translation wrote; not needed once the training is over
text.json            characters of a language model
scaler.json          units of the columns of a run on numbers
learned.npz          some rows of each series that a run on numbers has learned from
linear.npz           the linear forecast that was fitted beside a forecaster of windows
calibration.npz      what the prediction intervals of a forecaster were calibrated to
detector.npz         what errors of an autoencoder are usual, and from where on they are an alarm
weights.npz          the best weights
history.csv          one row per epoch
metrics.json         the figures of the best epoch
learning_curve.png
checkpoints/         what `--resume` needs: last weights, optimizer, random state, position
diverged-*.npz       batches at which the loss was no number any more
tensorboard/         on request
lock                 held by the process that trains
"""

from dataclasses import dataclass
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.storage import digest

SIDES = ("source", "target", "joint", "text")  # what tokenizers are called
MANIFEST = "manifest.json"  # of an exported folder, in place of config.json
# What the weights are worth nothing without.
COMPANIONS = ("config.json", *(f"{side}.*" for side in SIDES), "scaler.json")
# All that there may be in a run.
PARTS = (
    *COMPANIONS,
    *("learned.npz", "linear.npz", "calibration.npz", "detector.npz", "weights.npz"),
    *("history.csv", "metrics.json", "learning_curve.png"),
    *("checkpoints", "corpus", "taught", "tensorboard", "lock", "diverged-*.npz", ".*"),
)


@dataclass(frozen=True)
class RunFolder:
    """The files of a run, which may not have been started.

    Attributes:
        path: Path of the folder.
    """

    path: Path

    @property
    def weights(self) -> Path:
        """The best weights."""
        return self.path / "weights.npz"

    @property
    def scaler(self) -> Path:
        """The units of the columns."""
        return self.path / "scaler.json"

    @property
    def learned(self) -> Path:
        """Which rows its training has learned from."""
        return self.path / "learned.npz"

    @property
    def linear(self) -> Path:
        """The linear forecast that was fitted beside a forecaster of windows."""
        return self.path / "linear.npz"

    @property
    def calibration(self) -> Path:
        """What the intervals of a forecaster were calibrated to."""
        return self.path / "calibration.npz"

    @property
    def detector(self) -> Path:
        """What errors of an autoencoder are usual."""
        return self.path / "detector.npz"

    @property
    def corpus(self) -> Path:
        """The folder of a prepared corpus."""
        return self.path / "corpus"

    @property
    def taught(self) -> Path:
        """The folder of what teachers wrote."""
        return self.path / "taught"

    @property
    def learning_curve(self) -> Path:
        """The picture of the history."""
        return self.path / "learning_curve.png"

    @property
    def tensorboard(self) -> Path:
        """The folder of event files."""
        return self.path / "tensorboard"

    @property
    def holds_run(self) -> bool:
        """Whether there is a run, which has weights or a checkpoint."""
        return (self.path / "config.json").exists() and (self.weights.exists() or bool(self.checkpoints()))

    def owns(self, path: Path) -> bool:
        """Whether `path` is called as a part of the run is, or lies in one."""
        path, folder = path.parent.resolve() / path.name, self.path.resolve()
        parts = path.relative_to(folder).parts if path.is_relative_to(folder) else ()
        return bool(parts) and any(map(Path(parts[0]).match, PARTS))

    def checkpoints(self) -> list[Path]:
        """The checkpoints, oldest first; maybe none."""
        return sorted((self.path / "checkpoints").glob("checkpoint-*.npz"))

    def remove_beginning(self) -> None:
        """Delete what a training wrote before it had weights, and weights whose config.json is lost: the next one would
        take them for its own. What else lies there is not touched."""
        tokenizers = [self.path / f"{side}{suffix}" for side in SIDES for suffix in (".model", ".json")]
        for file in [*tokenizers, self.scaler, self.learned, self.linear, self.weights, *self.checkpoints()]:
            file.unlink(missing_ok=True)

    def companions(self) -> dict[str, str]:
        """Names and checksums of the files that the weights need."""
        files = {file for pattern in COMPANIONS for file in self.path.glob(pattern)}
        return {file.name: digest(file) for file in sorted(files)}

    def tokenizer_stem(self, side: str) -> Path:
        """Path without suffix of the tokenizer of a side: `"source"`, `"target"` or `"joint"`."""
        return self.path / side

    def tokenizer_file(self, side: str) -> Path:
        """The saved tokenizer of `"source"` or `"target"`, which may be the joint one."""
        found = [file for stem in (side, "joint") for file in sorted(self.path.glob(f"{stem}.*"))]
        if not found:
            raise InputError(f"{self.path} has no tokenizer ({side}.* or joint.*): restore it or train again.")
        return found[0]
