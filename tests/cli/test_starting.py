"""`train … --from RUN`: what is refused in a line, and that a stopped training goes on."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from seq2seq.cli.app import app
from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run.parent import Parent, parent_of
from seq2seq.tasks.starting import read_for
from tests.conftest import OLDER_RUNS

QUICK = ["--set", "training.validate_bleu=false", "--epochs", "1", "--set", "training.precision=float32"]


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def damaged(tiny_run, tmp_path):
    """A function of a change that gives a copy of `tiny_run` so changed."""

    def made(change):
        run = tmp_path / "parent"
        shutil.copytree(tiny_run, run)
        change(run)
        return run

    return made


def newer(run):
    record = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(record | {"format": 99}))


def cut(run):
    content = (run / "weights.npz").read_bytes()
    (run / "weights.npz").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: (run / "weights.npz").unlink(), "has no weights"),
        (lambda run: (run / "metrics.json").unlink(), "its training has not finished"),
        (lambda run: (run / "joint.json").unlink(), "joint.json"),
        (lambda run: shutil.rmtree(run), "is not there: expected the folder of a trained run"),
        (newer, "was written by a newer seq2seq (run format 99"),
        (cut, "weights.npz"),
    ],
)
def test_a_run_that_cannot_be_a_parent_is_refused_in_a_line(damaged, tiny_data, tmp_path, change, words):
    ended = invoke(
        "train", "translation", "--from", damaged(change), "--train", tiny_data / "train", "--run", tmp_path / "r"
    )
    assert ended.exit_code == 2 and words in ended.output, ended.output
    assert len(ended.output.strip().splitlines()) == 1
    assert not (tmp_path / "r").exists()


def test_what_does_not_go_with_a_parent_is_refused_in_a_line(tiny_run, days_plain, exported, tiny_data, tmp_path):
    command = ["train", "translation", "--train", tiny_data / "train", "--from"]
    for arguments, words in (
        ([tiny_run, "--run", tiny_run], "is the folder that --run writes to"),
        ([days_plain.run.path, "--run", tmp_path / "r"], "is a run of the task 'forecaster'"),
        ([tiny_run, "--run", tiny_run / "r"], "the folder of a run: choose one outside"),
        ([tiny_run, "--run", tiny_run.parent], f"--from {tiny_run} lies in {tiny_run.parent}"),
        ([tiny_data / "train.src", "--run", tmp_path / "r"], "train.src is a file: expected the folder of a trained"),
        ([exported("translation"), "--run", tmp_path / "r"], "is an exported folder, and no run: give the one that"),
        ([tiny_run, "--run", tmp_path / "r", "--recipe", "multi30k"], "model.units=512 (there 32)"),
        ([tiny_run, "--run", tmp_path / "r", "--set", "model.units=64"], "model.units=64 (there 32)"),
        ([tiny_run, "--run", tmp_path / "r", "--set", "training.freeze=decoder"], "expected one of none, encoder"),
    ):
        ended = invoke(*command, *arguments)
        assert ended.exit_code == 2 and words in ended.output, ended.output
        assert len(ended.output.strip().splitlines()) == 1


def test_a_forecaster_of_another_kind_is_refused_by_that_alone(days_plain, days_file, tmp_path):
    ended = invoke(
        "train", "forecaster", "--from", days_plain.run.path, "--data", days_file, "--stateful", "--run", tmp_path / "r"
    )
    assert ended.exit_code == 2 and len(ended.output.strip().splitlines()) == 1, ended.output
    assert "model.kind='stateful' (there 'segments'): leave" in ended.output


def test_a_column_of_series_that_is_the_parents_names_the_way_out(tmp_path):
    (tmp_path / "one.csv").write_text("time,level\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n")
    config = resolve(
        ForecasterConfig, data__location=str(tmp_path / "one.csv"), data__group="tank", windows__look_back=1
    )
    parent = Parent("runs/base", None, config)
    with pytest.raises(InputError, match=r"data\.group=tank is that of runs/base: --set data.group=none reads one"):
        read_for(config, parent, Report(), windowed=True)
    with pytest.raises(InputError, match="no column 'tank'") as raised:
        read_for(config, None, Report(), windowed=True)
    assert "runs/base" not in str(raised.value)


def test_a_run_has_one_folder_whoever_writes_it(tiny_run, tiny_data, tmp_path):
    train = ["train", "language-model", "--text", tiny_data / "train.src", "--run"]
    for command in (
        [*train, tiny_run / "inner"],
        ["export", OLDER_RUNS / "translation", "--output", tiny_run / "inner"],
    ):
        ended = invoke(*command)
        assert ended.exit_code == 2 and f"lies in {tiny_run}, the folder of a run: choose one outside" in ended.output
        assert not (tiny_run / "inner").exists()


def test_a_job_script_may_always_say_both(tiny_run, tiny_data, tmp_path):
    command = ["train", "translation", *QUICK, "--train", tiny_data / "valid", "--resume", "--run"]
    stranger = tmp_path / "stranger"
    shutil.copytree(tiny_run, stranger)
    ended = invoke(*command, stranger, "--from", tiny_run)
    assert ended.exit_code == 2 and "did not start from another run" in ended.output, ended.output
    ended = invoke(*command, stranger, "--from", tiny_run, "--source", "src", "--target", "tgt")
    assert ended.exit_code == 2 and "did not start from another run" in ended.output, ended.output
    ended = invoke(*command, tmp_path / "r", "--from", tmp_path / "none")
    assert ended.exit_code == 2 and "is not there" in ended.output and not (tmp_path / "r").exists()


@pytest.mark.slow
def test_a_tuned_run_is_made_by_one_command_and_goes_on_by_another(tiny_run, tiny_data, tmp_path):
    run, command = tmp_path / "tuned", ["train", "translation", *QUICK]
    ended = invoke(*command, "--from", tiny_run, "--train", tiny_data / "valid", "--run", run)
    assert ended.exit_code == 0, ended.output
    assert parent_of(run)["run"] == str(tiny_run)
    assert "starting from the weights of" in ended.output and "unknown to the vocabulary of" in ended.output
    config = json.loads((run / "config.json").read_text())["config"]
    assert (config["data"]["source"], config["model"]["units"]) == ("src", 32)  # as the parent had them
    for parent in (run, OLDER_RUNS / "translation"):
        other = invoke(*command, "--from", parent, "--train", tiny_data / "valid", "--run", run, "--resume")
        assert other.exit_code == 2 and f"--from {parent} is another run" in other.output, other.output
    given = [*command, "--from", tiny_run, "--train", tiny_data / "valid", "--epochs", "2", "--run", run, "--resume"]
    again = invoke(*given)
    assert again.exit_code == 0 and "resuming after epoch 1" in again.output, again.output
    assert "starting from the weights" not in again.output
    measured = invoke("evaluate", run, "--data", tiny_data / "test", "--examples", 0)
    assert f"started from the weights of {tiny_run}" in measured.output


def test_a_run_without_a_checkpoint_starts_with_its_parent_again(tiny_run, tiny_data, tmp_path):
    run = tmp_path / "begun"
    run.mkdir()
    record = json.loads((tiny_run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(record | {"parent": {"run": "runs/base", "weights": "1"}}))
    for parent in ([], ["--from", tiny_run]):
        ended = invoke("train", "translation", "--train", tiny_data / "train", "--run", run, "--resume", *parent)
        assert ended.exit_code == 2 and "began from runs/base and has no checkpoint yet" in ended.output, ended.output


@pytest.mark.slow
def test_columns_of_a_table_are_not_suffixes_of_files(tiny_run, tiny_data, tmp_path):
    lines = zip(*((tiny_data / f"valid.{side}").read_text().splitlines() for side in ("src", "tgt")), strict=True)
    (tmp_path / "pairs.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in lines))
    ended = invoke(
        "train", "translation", *QUICK, "--from", tiny_run, "--train", tmp_path / "pairs.tsv", "--run", tmp_path / "r"
    )
    assert ended.exit_code == 0, ended.output


@pytest.mark.slow
def test_the_direction_is_that_of_the_columns_that_are_named(tiny_run, tiny_data, tmp_path):
    parent, sides = tmp_path / "parent", ["--source", "src", "--target", "tgt"]
    command = ["train", "translation", *QUICK, "--train", tiny_data / "valid", "--valid", tiny_data / "test", *sides]
    small = ["--set", "model.units=16", "--set", "model.embedding_dim=8"]
    begun = invoke(*command, *small, "--swap", "--run", parent)
    assert begun.exit_code == 0, begun.output
    ended = invoke(*command, "--from", parent, "--run", tmp_path / "r")
    assert ended.exit_code == 0 and "translates the other way round" in ended.output, ended.output
    assert json.loads((tmp_path / "r" / "config.json").read_text())["config"]["data"]["swap"] is False
    compared = invoke("evaluate", tiny_run, "--data", tiny_data / "test", "--against", parent)
    assert compared.exit_code == 2 and "translates the other way round" in compared.output, compared.output
