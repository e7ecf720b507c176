"""What all workers of a run share: the corpus, its batches, and the weights to start from."""

import math
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from workers.protocol import Batch, save_batches

from seq2seq.batches.pairs import PairBatches
from seq2seq.inference.translator import Translator
from seq2seq.models import Autoencoder, EncoderDecoder
from seq2seq.special_ids import EOS
from seq2seq.text.cleaning import clean
from seq2seq.text.corpus import normalize, read_pairs
from seq2seq.text.tokenizer import train_tokenizer
from seq2seq.text.tokens import TokenRows

VOCABULARY_SIZE = 8000
MODEL = {
    "source_vocabulary_size": VOCABULARY_SIZE,
    "target_vocabulary_size": VOCABULARY_SIZE,
    "embedding_dim": 256,
    "units": 512,  # of the decoder; 256 in each direction of the encoder
    "embedding_dropout": 0.2,
    "output_dropout": 0.2,
}
TRAINING = {"learning_rate": 1e-3, "label_smoothing": 0.1, "clip_norm": 1.0}
BATCHING = {"batch_sentences": 64, "bucket_step": 8}
WINDOW_BATCH = 64
PAIRS = 30_000
BATCHES = 200


def generated_corpus(pairs, seed=1, mean_length=15.0):
    """Token rows of both sides with the lengths of short sentences: source from a gamma distribution with a standard
    deviation of a third of its mean, target within some 15 % of its source; ids by Zipf's law."""
    random = np.random.default_rng(seed)
    source_lengths = 1 + random.gamma(9.0, (mean_length - 1) / 9.0, pairs).astype(np.int32)
    target_lengths = np.maximum(1, np.rint(source_lengths * random.normal(1.0, 0.15, pairs))).astype(np.int32)
    usual = np.arange(EOS + 1, VOCABULARY_SIZE, dtype=np.int32)
    share = 1.0 / np.arange(1, len(usual) + 1)

    def rows(lengths):
        return TokenRows(random.choice(usual, int(lengths.sum()), p=share / share.sum()), lengths)

    return rows(source_lengths), rows(target_lengths)


def even_corpus(pairs, length, vocabulary_size, seed=1):
    """Token rows of both sides, all of `length` tokens, with ids equally likely: nothing to pad."""
    random = np.random.default_rng(seed)
    lengths = np.full(pairs, length, np.int32)
    ids = random.integers(EOS + 1, vocabulary_size, (2, pairs * length), np.int32)
    return TokenRows(ids[0], lengths), TokenRows(ids[1], lengths)


def read_corpus(location, source, target):
    """Token rows of both sides of a real corpus, with one vocabulary trained on it."""
    pairs, _ = clean(read_pairs(location, source, target))
    tokenizer = train_tokenizer("unigram", [*pairs.source, *pairs.target], vocabulary_size=VOCABULARY_SIZE)
    return tokenizer.encode(pairs.source), tokenizer.encode(pairs.target)


def write_corpus(folder, source, target):
    """Write token rows for the worker of the pipeline; returns the part of its spec that says where and what."""
    sides = {"source": source, "target": target}
    np.savez(
        Path(folder) / "corpus.npz",
        **{f"{side}_{part}": getattr(rows, part) for side, rows in sides.items() for part in ("values", "lengths")},
    )
    return {"folder": str(Path(folder).resolve()), "batching": BATCHING}


def write_material(folder, source, target, model=MODEL, batching=BATCHING, batches=BATCHES):
    """Write the files that those read who train; returns the part of their spec that says where and what."""
    tf.config.set_visible_devices([], "GPU")  # a GPU is for the workers
    folder = Path(folder)
    epoch = PairBatches(source, target, **batching, seed=1).epoch()
    save_batches(folder, (Batch(*inputs, labels) for inputs, labels in islice(epoch.as_numpy_iterator(), batches)))
    random = np.random.default_rng(1)
    keras.utils.clear_session()  # weights are known by paths, which number the layers of a process
    # Not quite the fresh weights: zero biases would hide a difference between two models.
    weights = {
        weight.path: np.float32(weight.numpy() + random.normal(0.0, 0.05, weight.shape))
        for weight in EncoderDecoder(**model).weights
    }
    np.savez(folder / "weights.npz", **weights)
    return {"folder": str(folder.resolve()), "model": model, "training": TRAINING}


def write_translator(folder, run, lines):
    """Write the weights of a trained run for the workers of others; returns what their spec says of them and of the ids
    of `lines`, or None where the model is not of the kind that these have."""
    tf.config.set_visible_devices([], "GPU")
    keras.utils.clear_session()  # as in `write_material`
    translator = Translator.load(run)
    model, decoding = translator.config.model, translator.config.decoding
    kind = (model.cell, model.encoder_layers, model.decoder_layers, model.bidirectional, model.bridge, model.attention)
    if kind != ("lstm", 1, 1, True, "dense", "dot") or not model.tie_output:
        return None
    weights = {weight.path: np.float32(weight.numpy()) for weight in translator.model.weights}
    tables = {path.split("/")[-3]: weights.pop(path) for path in list(weights) if "/table/" in path}
    target = tables["target_embedding"]
    weights["run/encoder/source_embedding/table/embeddings"] = source = tables.get("source_embedding", target)
    weights["run/decoder/target_embedding/table/embeddings"] = target
    np.savez(Path(folder) / "translator.npz", **weights)
    rows = translator.source.encode([normalize(line) for line in lines])
    return {
        "folder": str(Path(folder).resolve()),
        "translator": {
            "source_vocabulary_size": len(source),
            "target_vocabulary_size": len(target),
            "embedding_dim": model.embedding_dim,
            "units": model.units,
            "embedding_dropout": 0.0,
            "output_dropout": 0.0,
        },
        "sources": [[*rows[k].tolist(), EOS] for k in range(len(rows))],
        "limit_ratio": math.ceil(decoding.max_length_ratio),
        "limit_offset": decoding.max_length_extra,
    }


def write_series(folder, features, units, look_back, windows):
    """Write a noisy series and an autoencoder's first weights; returns what a worker's spec says of them."""
    tf.config.set_visible_devices([], "GPU")
    folder, steps = Path(folder), windows + look_back - 1
    random = np.random.default_rng(1)
    phases = np.arange(steps)[:, None] / random.uniform(5, 50, features)
    np.savez(folder / "series.npz", values=np.float32(np.sin(phases) + random.normal(0.0, 0.1, phases.shape)))
    weights = Autoencoder(features=features, units=units).weights
    noisy = {
        f"{k:02d} {w.path}": np.float32(w.numpy() + random.normal(0.0, 0.05, w.shape)) for k, w in enumerate(weights)
    }
    np.savez(folder / "autoencoder.npz", **noisy)
    return {
        "folder": str(folder.resolve()),
        "autoencoder": {"features": features, "units": units},
        "look_back": look_back,
        "batch_size": WINDOW_BATCH,
        "loss_windows": WINDOW_BATCH,
        "training": {"learning_rate": 1e-3, "clip_norm": 1.0},
    }
