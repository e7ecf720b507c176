"""`python benchmarks/quality.py SYSTEM --data multi30k --work FOLDER`: minutes of training, and the BLEU they reach.

Trains a whole model by the command that its users give, and notes when each validation of it tells its BLEU: of greedy
translations, lower-cased, by sacrebleu with 13a, of all three systems. The clock starts with the command, so that it
has all: imports, tokenizers, validations. `--table FOLDER …` makes a table and a picture of what was noted.
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import sentencepiece

from seq2seq.storage import replacing

SIDES, SEED = ("en", "de"), 1
# Pieces of both languages together: as many as the recipe has, and as Wu et al. (2021) give the Transformer.
PIECES = {"joeynmt-lstm": 6000, "joeynmt-transformer": 10_000}
UPDATES = {"joeynmt-lstm": 454, "joeynmt-transformer": 110}  # of an epoch of 29,000 pairs, after which it is validated
OFTENEST = 100  # updates between two validations of a smaller corpus, which would else take longer than its training
MARKS = (30, 34, 37, 38, 39)  # of BLEU, whose minutes the table has
SPECIAL = {"unk": "<unk>", "pad": "<pad>", "bos": "<s>", "eos": "</s>"}

EMBEDDINGS = {"embedding_dim": 256, "scale": False, "dropout": 0.3}
RECURRENT = {"type": "recurrent", "rnn_type": "lstm", "num_layers": 1, "embeddings": EMBEDDINGS, "dropout": 0.0}
TINY = {
    "type": "transformer",
    "num_layers": 4,
    "num_heads": 4,
    "embeddings": {"embedding_dim": 128, "scale": True, "dropout": 0.0},
    "hidden_size": 128,
    "ff_size": 256,
    "dropout": 0.3,
    "layer_norm": "pre",
}
MODELS = {
    # The sizes and dropouts of the recipe. Its output layer has another width than its embedding, and cannot be tied.
    "joeynmt-lstm": {
        "tied_embeddings": True,
        "encoder": RECURRENT | {"hidden_size": 256, "bidirectional": True},
        "decoder": RECURRENT
        | {
            "hidden_size": 512,
            "hidden_dropout": 0.4,
            "attention": "luong",
            "init_hidden": "bridge",
            "input_feeding": False,
        },
    },
    # Transformer-tiny of Wu et al. (2021), "Good for Misconceived Reasons".
    "joeynmt-transformer": {
        "initializer": "xavier_uniform",
        "embed_initializer": "xavier_uniform",
        "tied_embeddings": True,
        "tied_softmax": True,
        "encoder": TINY,
        "decoder": TINY,
    },
}
TRAININGS = {
    # Its schedule halves the rate where three validations have brought nothing.
    "joeynmt-lstm": {
        "optimizer": "adam",
        "learning_rate": 2e-3,
        "scheduling": "plateau",
        "patience": 2,
        "decrease_factor": 0.5,
        "clip_grad_norm": 1.0,
        "batch_size": 64,
        "batch_type": "sentence",
    },
    "joeynmt-transformer": {
        "optimizer": "adam",
        "adam_betas": [0.9, 0.98],
        "learning_rate": 5e-3,
        "learning_rate_warmup": 2000,
        "scheduling": "warmupinversesquareroot",
        "batch_size": 4096,
        "batch_type": "token",
    },
}


def prepare(data, folder, pieces, pairs):
    """Write the texts as JoeyNMT reads them, lower-cased, and the pieces of both languages together."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", pairs), ("val", None)):
        for side in SIDES:
            with gzip.open(data / f"{part}.{side}.gz", "rt", encoding="utf-8") as texts:
                (folder / f"{part}.{side}").write_text("".join(islice(texts, count)).lower(), encoding="utf-8")
    ids = {f"{name}_id": place for place, name in enumerate(SPECIAL)}
    sentencepiece.SentencePieceTrainer.train(
        input=[str(folder / f"train.{side}") for side in SIDES],
        model_prefix=str(folder / "pieces"),
        vocab_size=pieces,
        model_type="bpe",
        character_coverage=1.0,
        minloglevel=2,
        **ids,
        **{f"{name}_piece": piece for name, piece in SPECIAL.items()},
    )
    lines = (folder / "pieces.vocab").read_text(encoding="utf-8").splitlines()
    own = [line.split("\t")[0] for line in lines][len(SPECIAL) :]
    (folder / "pieces.txt").write_text("\n".join([*SPECIAL.values(), *own]) + "\n", encoding="utf-8")


def joeynmt_settings(system, folder, epochs, pairs):
    """A whole training of JoeyNMT, validated once an epoch, or each hundred updates if that is seldomer."""
    updates = UPDATES[system] if pairs is None else max(OFTENEST, UPDATES[system] * pairs // 29_000)
    special = {f"{name}_token": piece for name, piece in SPECIAL.items()}
    special |= {f"{name}_id": place for place, name in enumerate(SPECIAL)}
    side = {
        "level": "bpe",
        "lowercase": True,
        "voc_file": str(folder / "pieces.txt"),
        "tokenizer_type": "sentencepiece",
        "tokenizer_cfg": {"model_file": str(folder / "pieces.model"), "pretokenizer": "none"},
    }
    data = {name: str(folder / part) for name, part in (("train", "train"), ("dev", "val"), ("test", "val"))}
    sides = {name: side | {"lang": language} for name, language in zip(("src", "trg"), SIDES, strict=True)}
    return {
        "name": system,
        "joeynmt_version": "2.3.0",
        "model_dir": str(folder / "model"),
        "use_cuda": False,
        "fp16": False,
        "random_seed": SEED,
        "data": data | {"dataset_type": "plain", **sides, "special_symbols": special},
        "testing": {
            "beam_size": 1,
            "batch_size": 64,
            "max_output_length": 60,
            "eval_metrics": ["bleu"],
            "sacrebleu_cfg": {"tokenize": "13a", "lowercase": True},
        },
        "training": TRAININGS[system]
        | {
            "normalization": "tokens",
            "loss": "crossentropy",
            "label_smoothing": 0.1,
            "epochs": epochs,
            "validation_freq": updates,
            "logging_freq": updates,
            "early_stopping_metric": "bleu",
            "print_valid_sents": [0],
            "keep_best_ckpts": 1,
            "overwrite": True,
        },
        "model": MODELS[system],
    }


def command_of(arguments, folder):
    """The command that trains the system, and what its lines tell of BLEU."""
    if arguments.system == "seq2seq":
        data, root = arguments.data, Path(__file__).resolve().parents[1]
        train = ["--train", data / "train", "--valid", data / "val", "--source", SIDES[0], "--target", SIDES[1]]
        if arguments.pairs:
            train += ["--limit", arguments.pairs]
        recipe = ["--recipe", "multi30k"] if arguments.recipe else []
        settings = [*recipe, "--set", "text.case=lower", "--set", f"seed={SEED}", *arguments.set]
        command = [sys.executable, root / "scripts" / "train.py", "translation", *train, *settings]
        return [*command, "--run", folder / "run"], r"^epoch \d+/\d+: .*BLEU ([\d.]+)"
    prepare(arguments.data, folder, arguments.pieces or PIECES[arguments.system], arguments.pairs)
    settings = joeynmt_settings(arguments.system, folder, arguments.epochs, arguments.pairs)
    (folder / "settings.json").write_text(json.dumps(settings, indent=1))  # which is YAML, too
    worker = Path(__file__).parent / "workers" / "joeynmt_training.py"
    return [arguments.joey_python, worker, folder / "settings.json"], r"Evaluation result \(greedy\): bleu: +([\d.]+)"


def measure(arguments):
    """Train, and write `curve.json` after each validation."""
    folder = arguments.work / arguments.system
    command, pattern = command_of(arguments, folder)
    folder.mkdir(parents=True, exist_ok=True)
    points, began = [], time.perf_counter()
    environment = os.environ | ({"OMP_NUM_THREADS": str(len(os.sched_getaffinity(0)))})
    training = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    with training, (folder / "log.txt").open("w") as log:
        for line in training.stdout:
            log.write(line)
            log.flush()
            if found := re.search(pattern, line):
                points.append((round(time.perf_counter() - began, 1), float(found[1])))
                print(f"{points[-1][0] / 60:6.1f} min  BLEU {points[-1][1]:.2f}", flush=True)
                with replacing(folder / "curve.json") as temporary:
                    temporary.write_text(json.dumps({"system": arguments.system, "points": points}))
                if points[-1][0] > 60 * arguments.minutes:
                    training.terminate()
    return training.returncode


def reached(points, mark):
    """Minutes until BLEU was at least `mark`, or None."""
    return next((seconds / 60 for seconds, bleu in points if bleu >= mark), None)


def show(arguments):
    """Print the table of what was noted, and draw it."""
    curves = [json.loads((path / "curve.json").read_text()) for path in arguments.table]
    print("| system | best BLEU | " + " | ".join(f"minutes to {mark}" for mark in MARKS) + " |")
    print("|---|---|" + "---|" * len(MARKS))
    for curve in curves:
        minutes = [reached(curve["points"], mark) for mark in MARKS]
        cells = " | ".join("–" if each is None else f"{each:.1f}" for each in minutes)
        last = curve["points"][-1][0] / 60
        print(f"| {curve['system']} | {max(bleu for _, bleu in curve['points']):.1f} in {last:.0f} min | {cells} |")
    if arguments.plot:
        draw(curves, arguments.plot)


def draw(curves, path):
    """Minutes across, BLEU up, a line for each system."""
    from matplotlib.figure import Figure

    from seq2seq.plots import save_figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for number, curve in enumerate(curves):
        seconds, bleu = zip(*curve["points"], strict=True)
        axes.plot([each / 60 for each in seconds], bleu, color=f"C{number}", marker=".", label=curve["system"])
    axes.set(xlabel="minutes of training, everything included", ylabel="BLEU of the validation captions, greedy")
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)


def main():
    """Train one system, or show what was noted of several."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system", nargs="?", choices=["seq2seq", *PIECES])
    parser.add_argument("--data", type=Path, help="folder of Multi30k: train.en.gz, val.de.gz …")
    parser.add_argument("--work", type=Path, default=Path("runs/quality"), help="folder to write to")
    parser.add_argument("--joey-python", default=sys.executable, help="an interpreter that has JoeyNMT")
    parser.add_argument("--minutes", type=float, default=600.0, help="stop at the first validation after them")
    parser.add_argument("--epochs", type=int, default=100, help="of JoeyNMT")
    parser.add_argument("--pairs", type=int, help="train on the first so many; by default on all 29,000")
    parser.add_argument("--pieces", type=int, help="of JoeyNMT; by default 6,000, of its Transformer 10,000")
    parser.add_argument("--no-recipe", dest="recipe", action="store_false", help="ours by what suits so many pairs")
    parser.add_argument("--set", action="append", default=[], help="a further argument of our command")
    parser.add_argument("--table", type=Path, nargs="+", help="folders of systems that were measured")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    if arguments.table:
        return show(arguments)
    if not arguments.system or not arguments.data:
        parser.error("name a system and --data, or give --table")
    return sys.exit(measure(arguments))


if __name__ == "__main__":
    main()
