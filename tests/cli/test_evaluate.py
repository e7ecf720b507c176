"""`seq2seq evaluate`: figures for people, for programs, and the translations themselves."""

import json

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 0, (result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def evaluated(tiny_run, tiny_data, tmp_path_factory):
    """What the command shows, writes as JSON, and writes as translations."""
    folder = tmp_path_factory.mktemp("evaluated")
    files = ["--json", folder / "figures.json", "--output", folder / "test.out"]
    shown = run("evaluate", tiny_run, "--data", tiny_data / "test", "--examples", 2, *files)
    return shown.stdout, json.loads((folder / "figures.json").read_text()), (folder / "test.out").read_text()


def test_the_table_shows_the_figures_of_the_file(evaluated):
    shown, figures, _ = evaluated
    line = next(line for line in shown.splitlines() if line.startswith("Exact match"))
    assert float(line.split()[2]) == pytest.approx(100 * figures["exact_match"], abs=0.05)
    assert "version:" in figures["signatures"]["bleu"] and figures["signatures"]["bleu"] in shown


def test_the_file_of_translations_scores_as_the_figures_say(evaluated, tiny_data):
    _, figures, written = evaluated
    references = (tiny_data / "test.tgt").read_text().splitlines()
    same = [text == reference for text, reference in zip(written.splitlines(), references, strict=True)]
    assert sum(same) / len(same) == pytest.approx(figures["exact_match"])


def test_whatever_a_translation_holds_it_is_one_line(tiny_run, tiny_data, tmp_path, monkeypatch):
    from seq2seq.inference.hypothesis import Hypothesis
    from seq2seq.inference.translator import Translator

    texts = ["a\nb", "a\rb", "\r\n", ""]
    monkeypatch.setattr(Translator, "stream", lambda *_, **__: ([Hypothesis(text, 0.0)] for text in texts))
    run("evaluate", tiny_run, "--data", tiny_data / "test", "--limit", 4, "--output", tmp_path / "out")
    assert (tmp_path / "out").read_bytes().decode() == "a b\na b\n  \n\n"


def test_examples_stand_side_by_side(evaluated):
    shown, _, _ = evaluated
    for word in ("source", "reference", "translation"):
        assert sum(line.startswith(word) for line in shown.splitlines()) == 4
    assert shown.count("worst: pair ") == shown.count("random: pair ") == 2


@pytest.mark.slow
def test_standard_output_can_be_json_alone(evaluated, tiny_run, tiny_data):
    search = ["--beam-size", 6, "--length-penalty", 0, "--examples", 0]
    shown = run("evaluate", tiny_run, "--data", tiny_data / "test", "--json", "-", *search)
    beam, greedy = json.loads(shown.stdout), evaluated[1]
    assert "BLEU" in shown.stderr
    assert beam["loss"] == pytest.approx(greedy["loss"])  # teacher forcing knows no search
    assert beam.keys() == greedy.keys() and beam != greedy


def test_the_columns_can_be_swapped(evaluated, tiny_run, tiny_data, tmp_path):
    sides = ((tiny_data / f"test.{side}").read_text().splitlines() for side in ("tgt", "src"))
    table = tmp_path / "test.tsv"
    table.write_text("".join(f"{target}\t{source}\n" for target, source in zip(*sides, strict=True)))
    shown = run("evaluate", tiny_run, "--data", table, "--swap", "--limit", 40, "--json", "-")
    references = (tiny_data / "test.tgt").read_text().splitlines()
    same = [text == reference for text, reference in zip(evaluated[2].splitlines(), references, strict=True)][:40]
    figures = json.loads(shown.stdout)
    assert (figures["sentences"], figures["exact_match"]) == (40, pytest.approx(sum(same) / 40))


@pytest.fixture
def second_references(tiny_data, tmp_path):
    """Files of references: of the first source alone, whatever else is said; and the targets again."""
    targets = (tiny_data / "test.tgt").read_text().splitlines()
    first, again = tmp_path / "first.tgt", tmp_path / "again.tgt"
    first.write_text("x y z\n" + "\n" * (len(targets) - 1))
    again.write_text("".join(f"{line}\n" for line in targets))
    return first, again


@pytest.mark.slow
def test_references_come_from_files_beside_the_data(evaluated, tiny_run, tiny_data, second_references):
    files = [argument for file in second_references for argument in ("--references", file)]
    scoring = [*files, "--language", "de", "--bleu-tokenizer", "intl"]
    shown = run("evaluate", tiny_run, "--data", tiny_data / "test", *scoring, "--examples", 200, "--json", "-")
    figures, before = json.loads(shown.stdout), evaluated[1]
    assert figures["exact_match"] == before["exact_match"]
    assert "nrefs:var" in figures["signatures"]["bleu"] and "tok:intl" in figures["signatures"]["bleu"]
    assert "tok:moses-de" in figures["signatures"]["bleu_moses"] and figures["bleu_moses"] > 0
    assert shown.stderr.count("x y z") == 1
    # Without a language that Moses knows, nor a name of one as the suffix, that figure is missing, and told of.
    assert before["bleu_moses"] is None and "bleu_moses" not in before["signatures"]


@pytest.mark.parametrize(
    ("scoring", "said"),
    [
        (["--references", "{short}"], "--references {short} has 3 lines for 100 pairs of --data"),
        (["--bleu-tokenizer", "moses"], "The BLEU tokenizer 'moses' is none of 13a"),
        (["--language", "tgt"], "Moses has no rules for the language 'tgt', but for as"),
        (["--language", "de", "--bleu-tokenizer", "char"], "--language is for the tokens of Moses"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(tiny_run, tiny_data, tmp_path, scoring, said):
    short = tmp_path / "short"
    short.write_text("a\nb\nc\n")
    arguments = [str(argument).format(short=short) for argument in scoring]
    result = CliRunner().invoke(app, ["evaluate", str(tiny_run), "--data", str(tiny_data / "test"), *arguments])
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1
    assert said.format(short=short) in result.stderr


@pytest.mark.slow
def test_every_pair_that_is_read_has_its_line(evaluated, tiny_run, tmp_path):
    """Those with an empty side are translated, and not scored."""
    pairs = [("a b c", "c b a"), ("", "a"), ("\u200b", "b"), ("d e", ""), ("f", "\u2060 "), ("g h", "h g")]
    table, output = tmp_path / "test.tsv", tmp_path / "out"
    table.write_text("".join(f"{source}\t{target}\r\n" for source, target in pairs), newline="")
    shown = run("evaluate", tiny_run, "--data", table, "--output", output, "--json", "-")
    lines = output.read_text().split("\n")
    assert lines.pop() == "" and [bool(line) for line in lines] == [True, False, False, True, True, True]
    assert json.loads(shown.stdout)["sentences"] == 2
    assert "4 test pairs have an empty side: they are translated, not scored" in shown.stderr


@pytest.mark.slow
def test_the_figures_are_written_before_a_screen_that_fails(tiny_run, tiny_data, tmp_path, monkeypatch):
    def closed(*arguments):
        raise BrokenPipeError

    monkeypatch.setattr("seq2seq.cli.console.ConsoleReport.table", closed)
    files = [tmp_path / "figures.json", tmp_path / "out"]
    command = ["evaluate", tiny_run, "--data", tiny_data / "test", "--json", files[0], "--output", files[1]]
    assert CliRunner().invoke(app, [*map(str, command)]).exit_code == 1
    assert json.loads(files[0].read_text())["bleu"] >= 0 and files[1].read_text()


def test_a_length_penalty_without_a_beam_is_refused(tiny_run, tiny_data):
    line = ["evaluate", tiny_run, "--data", tiny_data / "test", "--length-penalty", 0.5]
    result = CliRunner().invoke(app, [*map(str, line)])
    assert result.exit_code == 2 and "does nothing with a beam size of 1" in result.stderr


def test_an_autoencoder_is_measured_by_detect(pumps_run):
    result = CliRunner().invoke(app, ["evaluate", str(pumps_run), "--output", "out.csv"])
    assert result.exit_code == 2 and f"detect {pumps_run} --labels FILE measures" in result.stderr
