"""The same kind of model in JoeyNMT, trained by its own training step on the same batches."""

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from workers.protocol import NOT_INSTALLED, PAD, batches_of_turn, load_batches, serve, target_tokens

try:
    import joeynmt
except ModuleNotFoundError:
    sys.exit(NOT_INSTALLED)
import torch
from joeynmt.batch import Batch
from joeynmt.config import parse_train_args
from joeynmt.model import build_model
from joeynmt.training import TrainManager
from joeynmt.vocabulary import Vocabulary

BOS, EOS = 2, 3


def vocabulary(size):
    """A JoeyNMT vocabulary of so many tokens, with the ids of the special ones as the batches have them."""
    names = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "sep_token": None}
    ids = {"unk_id": 0, "pad_id": 1, "bos_id": BOS, "eos_id": EOS}
    tokens = Vocabulary([str(k) for k in range(EOS + 1, size)], SimpleNamespace(**names, **ids, lang_tags=[]))
    tokens.pad_index, tokens.unk_index = PAD, 1  # JoeyNMT insists on having them the other way round when it is made
    return tokens


def make_model(source_vocabulary_size, target_vocabulary_size, embedding_dim, units, embedding_dropout, output_dropout):
    """JoeyNMT's recurrent model that comes nearest to the benchmark's: it always has an output layer of its own for
    decoder outputs of `units`, without a bias, and one bridge for both parts of the state."""
    recurrent = {"type": "recurrent", "rnn_type": "lstm", "num_layers": 1}
    embeddings = {"embedding_dim": embedding_dim, "dropout": embedding_dropout}
    encoder = recurrent | {"embeddings": embeddings, "hidden_size": units // 2, "bidirectional": True}
    decoder = recurrent | {
        "embeddings": embeddings,
        "hidden_size": units,
        "hidden_dropout": output_dropout,
        "attention": "luong",
        "init_hidden": "bridge",
        "input_feeding": False,
    }
    vocabularies = vocabulary(source_vocabulary_size), vocabulary(target_vocabulary_size)
    return build_model({"encoder": encoder, "decoder": decoder}, *vocabularies)


def as_batch(source, target, device):
    """JoeyNMT's `Batch` of int arrays `(sentences, steps)`; the target, or `None`, has BOS and EOS."""
    source = torch.from_numpy(source).long()
    return Batch(
        src=source,
        src_length=(source != PAD).sum(1),
        src_prompt_mask=None,
        trg=None if target is None else torch.from_numpy(target).long(),
        trg_prompt_mask=None,
        indices=torch.arange(len(source)),
        device=device,
        pad_index=PAD,
        eos_index=EOS,
        is_train=target is not None,
    )


def make_trainer(model, settings, device):
    """JoeyNMT's `TrainManager`, whose `_train_step` and optimizer are used; it writes and validates nothing here."""
    arguments = {
        "loss": "crossentropy",
        "label_smoothing": settings["label_smoothing"],
        "normalization": "tokens",
        "optimizer": "adam",
        "adam_betas": (0.9, 0.98),
        "learning_rate": settings["learning_rate"],
        "clip_grad_norm": settings["clip_norm"],
        # It would act after an epoch, which never ends here. JoeyNMT's default passes PyTorch's plateau scheduler an
        # argument `verbose` that it no longer has, and no scheduler at all is an error.
        "scheduling": "exponential",
        "batch_size": 64,
        "batch_type": "sentence",
    }
    model.loss_function = (arguments["loss"], arguments["label_smoothing"])
    no_autocast = {"device_type": device.type, "enabled": False}
    # Of rank 1, since that of rank 0 writes logs for TensorBoard.
    return TrainManager(1, model, Path(), device, autocast=no_autocast, train_args=parse_train_args(arguments))


def start(spec):
    """Get ready to train `steps` batches each turn."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(spec["threads"])
    torch.backends.cudnn.allow_tf32 = False  # float32 is true float32 in ours too, and in products by default
    trainer = make_trainer(make_model(**spec["model"]).to(device), spec["training"], device)
    batches = load_batches(spec["folder"])

    def turn(k):
        chosen = batches_of_turn(batches, k, spec["steps"])
        began = time.perf_counter()
        for batch in chosen:
            target = np.concatenate((batch.target_input[:, :1], batch.labels), axis=1)
            trainer._train_step(as_batch(batch.source, target, device))
            trainer.clip_grad_fun(parameters=trainer.model.parameters())
            trainer.optimizer.step()
            trainer.model.zero_grad()
        return target_tokens(chosen), time.perf_counter() - began

    turn(-1)
    about = f"JoeyNMT {joeynmt.__version__}, PyTorch {torch.__version__} on {device}, weights and loss of its own"
    return {"about": about}, turn


if __name__ == "__main__":
    serve(start)
