"""The columns of a run are decided once, told, kept, and held to by every later file."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.config import DataConfig, TranslationConfig
from seq2seq.errors import InputError
from seq2seq.inference.translation_columns import columns_of, given_columns, settle_columns
from seq2seq.report import Report
from seq2seq.text.columns import FIRST_TWO, Columns

TINY = [
    *(
        "--set",
        "text.tokenizer=char",
        "--set",
        "model.units=16",
        "--set",
        "model.embedding_dim=8",
        "--set",
        "training.precision=float32",
    ),
    *("--set", "training.validate_bleu=false", "--epochs", "1"),
]


class Heard(Report):
    def __init__(self):
        self.said = []

    def say(self, line):
        self.said.append(line)

    warn = say


def rows(count, start=0):
    return [
        (f"{7919 * n % 10007}", f"See number {n} here.", f"Voici le numéro {n}.") for n in range(start, start + count)
    ]


@pytest.fixture
def write(tmp_path):
    def written(name, *columns, header=None, count=40, start=0):
        lines = [*([header] if header else []), *([row[k] for k in columns] for row in rows(count, start))]
        path = tmp_path / name
        path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
        return str(path)

    return written


def settled(train, tmp_path, heard=None, **data):
    config = TranslationConfig(data=DataConfig(train=train, **data))
    return settle_columns(config, tmp_path / "run", False, heard or Report()).data


def refusal(call, *given, **more):
    with pytest.raises(InputError) as caught:
        call(*given, **more)
    return str(caught.value)


def test_the_first_two_columns_are_nothing_to_tell(write, tmp_path):
    heard = Heard()
    data = settled(write("train.tsv", 1, 2), tmp_path, heard)
    assert (data.source, data.target, data.header, heard.said) == (None, None, False, [])
    assert columns_of(data.train, data) == FIRST_TWO


def test_what_is_found_is_told_and_kept(write, tmp_path):
    heard = Heard()
    data = settled(write("train.tsv", 0, 1, 2, header=("id", "english", "french")), tmp_path, heard)
    assert (data.source, data.target, data.header) == ("english", "french", True)
    (line,) = heard.said
    assert "source is column 2 (english), target is column 3 (french); column 1 holds numbers" in line
    assert columns_of(data.train, data) == Columns(1, 2, True)
    assert columns_of(write("valid.tsv", 2, 1, header=("french", "english")), data) == Columns(1, 0, True)
    assert "no column 'english'" in refusal(columns_of, write("test.tsv", 1, 2), data)


def test_settings_that_are_settled_stay_as_they_are(write, tmp_path):
    for train in (write("a.tsv", 1, 2), write("b.tsv", 0, 1, 2), write("c.tsv", 1, 2, header=("en", "fr"))):
        data = settled(train, tmp_path)
        assert settle_columns(TranslationConfig(data=data), tmp_path, False, Report()).data == data


def test_sides_of_files_are_no_columns(write, tmp_path):
    """A run of two files or of a data set keeps no columns; a TSV beside it speaks for itself, aloud."""
    data = DataConfig(train=str(tmp_path / "train"), source="en", target="fr")
    assert settle_columns(TranslationConfig(data=data), tmp_path / "run", False, Report()).data == data
    for columns, header, expected in (
        ((1, 2), None, FIRST_TWO),
        ((2, 1), ("fr", "en"), Columns(1, 0, True)),
        ((1, 2), ("english", "french"), Columns(0, 1, True)),
        ((0, 1, 2), None, Columns(1, 2)),
    ):
        heard = Heard()
        assert columns_of(write("test.tsv", *columns, header=header), data, heard) == expected
        assert len(heard.said) == (expected != FIRST_TWO)
    doubtful = write("test.tsv", 1, 2, header=("anglais", "français"))
    assert "--no-header or --header" in refusal(columns_of, doubtful, data)
    assert given_columns(doubtful, data, None, None, False, Report()) == FIRST_TWO
    assert given_columns(doubtful, data, None, None, True, Report()) == Columns(0, 1, True)


@pytest.mark.parametrize("train", [(1, 2), None])
def test_a_first_row_that_may_be_names_is_asked_about_or_told_of(write, tmp_path, train):
    """A later file can be told apart by options; the training's own validation part is read as its training part is."""
    doubtful = write("later.tsv", 1, 2, header=("mots", "sons"))
    data = DataConfig(train=str(tmp_path / "train"), source="en", target="fr")
    data = settled(write("train.tsv", *train), tmp_path) if train else data
    assert "--no-header or --header" in refusal(columns_of, doubtful, data)
    heard = Heard()
    assert columns_of(doubtful, replace(data, valid=doubtful), heard) == FIRST_TWO
    assert "mots | sons, may be the names of columns: it is read as a pair" in heard.said[0]


def test_what_is_not_given_is_the_run_s(write, tmp_path):
    """`--header`, `--no-header`, `--source` and `--target` alone leave the others as the training had them."""
    swapped = settled(write("train.tsv", 1, 2), tmp_path, source="2", target="1")
    plain = settled(write("train.tsv", 1, 2), tmp_path)
    named = settled(write("train.tsv", 1, 2, header=("en", "fr")), tmp_path)
    test, wide = write("test.tsv", 1, 2), write("wide.tsv", 1, 2, 1)
    head = write("head.tsv", 2, 1, header=("fr", "en"))

    def found(location, data, source=None, target=None, header=None):
        return given_columns(location, data, source, target, header, Report())

    assert found(test, swapped, header=False) == Columns(1, 0)
    assert found(head, swapped, header=True) == Columns(1, 0, True)
    assert found(wide, swapped, target="3") == Columns(1, 2)
    assert found(wide, plain, target="3") == Columns(0, 2)
    assert found(wide, plain, header=False) == FIRST_TWO
    assert found(head, named, header=True) == Columns(1, 0, True)
    assert "no column 'en'" in refusal(found, test, named, header=False)


def test_a_run_that_never_looked_at_its_columns_goes_on_with_the_first_two(write, tmp_path, tiny_run):
    """Runs of earlier versions have no `data.header`."""
    train = write("train.tsv", 0, 1, 2, header=("id", "english", "french"))
    data = DataConfig(train=train, source="en", target="fr")
    config = TranslationConfig(data=data)
    assert json.loads((tiny_run / "config.json").read_text())["config"]["data"]["header"] is None
    assert settle_columns(config, tiny_run, True, Report()) == config
    assert columns_of(train, data) == FIRST_TWO


def test_what_is_given_decides_for_one_file(write, tmp_path):
    data = settled(write("train.tsv", 1, 2, header=("en", "fr")), tmp_path)
    test = write("test.tsv", 0, 1, 2)
    assert given_columns(test, data, "2", "3", None, Report()) == Columns(1, 2)
    assert "no column 'en'" in refusal(given_columns, test, data, None, None, False, Report())
    assert "no column 'en'" in refusal(given_columns, test, data, None, None, None, Report())
    assert "are about a TSV" in refusal(given_columns, str(tmp_path / "test"), data, None, None, True, Report())


def test_references_are_behind_both_texts(write, tmp_path):
    data = settled(write("train.tsv", 0, 1, 2), tmp_path, extra_columns="references")
    assert columns_of(data.train, data) == FIRST_TWO
    given = settled(data.train, tmp_path, extra_columns="references", source="2", target="3")
    assert columns_of(data.train, given) == Columns(1, 2)
    assert columns_of(data.train, replace(given, swap=True)) == Columns(1, 2)


@pytest.mark.slow
def test_from_training_to_evaluation(write, tmp_path):
    run = tmp_path / "run"
    train = write("train.tsv", 0, 2, 1, header=("id", "french", "english"))
    command = ["train", "translation", "--train", train, "--run", str(run), *TINY]
    sides = ["--source", "english", "--target", "2"]
    valid = ["--valid", write("valid.tsv", 1, 2, header=("english", "french"), count=10, start=50)]
    result = CliRunner().invoke(app, [*command, *sides, *valid])
    assert result.exit_code == 0, (result.stderr, result.exception)
    said = " ".join(result.stdout.split())
    assert "source is column 3 (english), target is column 2 (french); column 1 holds numbers" in said
    assert "pairs kept 40" in said and "validation part: 10 pairs" in said
    config = json.loads((run / "config.json").read_text())["config"]["data"]
    assert (config["source"], config["target"], config["header"]) == ("english", "french", True)

    resumed = CliRunner().invoke(app, [*command, *sides, *valid, "--resume"])
    assert resumed.exit_code == 0, (resumed.stderr, resumed.exception)
    test = ["evaluate", str(run), "--examples", "1", "--data"]
    shown = CliRunner().invoke(app, [*test, write("test.tsv", 2, 1, header=("french", "english"), count=3, start=70)])
    assert shown.exit_code == 0, (shown.stderr, shown.exception)
    (source,) = {line.split()[1] for line in shown.stdout.splitlines() if line.startswith("source ")}
    assert source == "See"
    bare = write("bare.tsv", 1, 2, count=3, start=70)
    refused = CliRunner().invoke(app, [*test, bare])
    assert refused.exit_code == 2 and "has no column 'english'" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1 and "--source 1 --target 2 --no-header" in refused.stderr
    shown = CliRunner().invoke(app, [*test, bare, "--source", "1", "--target", "2", "--no-header"])
    assert shown.exit_code == 0, (shown.stderr, shown.exception)
