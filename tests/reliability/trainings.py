"""The three trainings that are killed, as functions of plain arguments, and what stops one."""

from pathlib import Path

from seq2seq.config import AutoencoderConfig, ForecasterConfig, TranslationConfig, resolve
from seq2seq.interruption import Interruption, Stopped

ALWAYS = ["training.checkpoint_minutes=0.0005"]  # so that many kills find a checkpoint being written
TRANSLATION = [
    "text.tokenizer=bpe",
    "text.vocabulary_size=40",
    "text.subword_sampling=0.2",
    "training.precision=float32",
    "model.units=16",
    "model.embedding_dim=8",
    "model.embedding_dropout=0.2",
    "model.output_dropout=0.2",
    "model.word_dropout=0.1",
    "batching.batch_sentences=16",
    "training.ema_decay=0.9",
    "training.lr_ramp_steps=10",
    "training.validation_sentences=20",
    "training.accumulate_batches=2",
    "training.patience=2",
    "training.epochs=3",
]
AUTOENCODER = ["model.units=8", "training.epochs=3", "training.average_checkpoints=2", "training.schedule=plateau"]
FORECASTER = ["model.units=8", "windows.chunk=10", "model.dropout=0.2", "training.epochs=4", "training.ema_decay=0.9"]


class StopsAfter(Interruption):
    """Asks for a stop after so many batches."""

    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def due(self):
        self.left -= 1
        return Stopped("enough") if self.left == 0 else None


def train(task: str, data: str, run: str, settings=(), interruption: Interruption | None = None) -> None:
    """Train `task` on what is in the folder `data` into the folder `run`, or go on with what is there."""
    settings, folder, interruption = [*ALWAYS, *settings], Path(data), interruption or Interruption()
    with interruption.listening():
        given = {"resume": True, "interruption": interruption}
        if task == "translation":
            from seq2seq.tasks import train_translation

            where = {"data__train": str(folder / "train"), "data__valid": str(folder / "valid")}
            where |= {"data__source": "src", "data__target": "tgt"}
            train_translation.train(resolve(TranslationConfig, None, [*TRANSLATION, *settings], **where), run, **given)
        elif task == "autoencoder":
            from seq2seq.tasks import train_autoencoder

            where = {"data__location": str(folder / "series.csv"), "windows__look_back": 12}
            train_autoencoder.train(resolve(AutoencoderConfig, None, [*AUTOENCODER, *settings], **where), run, **given)
        else:
            from seq2seq.tasks import train_forecaster

            where = {"data__location": str(folder / "series.csv"), "model__kind": "stateful"}
            train_forecaster.train(resolve(ForecasterConfig, None, [*FORECASTER, *settings], **where), run, **given)
