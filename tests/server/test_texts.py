"""Translations and texts over HTTP are those of the commands, whoever shares a batch."""

import asyncio
import json
import shutil

import pytest

from tests.conftest import OLDER_RUNS

TEXTS = str(OLDER_RUNS / "texts.src")


def translated(ask, **asked):
    answer = ask("POST", "/v1/translate", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(answer, n_best=1):
    """The answer as the command writes it."""
    if n_best == 1:
        return "".join(f"{each['text']}\n" for each in answer["translations"])
    lines = []
    for number, each in enumerate(answer["translations"], 1):
        found = [*each["n_best"], *[None] * (n_best - len(each["n_best"]))]
        lines += [f"{number}\t{one['score']:.4f}\t{one['text']}\n" if one else f"{number}\t\t\n" for one in found]
    return "".join(lines)


def test_greedy_is_the_commands(ask, written, sources):
    assert rows(translated(ask, texts=[*sources, ""])) == written("translate", "{translation}", "--input", TEXTS) + "\n"


def test_n_best_is_the_commands(ask, written, sources):
    answer = translated(ask, texts=sources, beam_size=4, n_best=2)
    options = ("--beam-size", 4, "--n-best", 2)
    assert rows(answer, 2) == written("translate", "{translation}", "--input", TEXTS, *options)


def test_scores_and_prefix_are_the_commands(ask, written, sources):
    prefix = written("translate", "{translation}", sources[0]).split()[0]
    answer = translated(ask, texts=sources, scores=True, prefix=prefix)
    expected = written("translate", "{translation}", "--input", TEXTS, "--scores", "--prefix", prefix)
    assert "".join(f"{each['score']:.4f}\t{each['text']}\n" for each in answer["translations"]) == expected


def test_attention_has_a_row_for_each_piece(ask, models, sources):
    answer = translated(ask, texts=[sources[0], " "], attention=True)["translations"]
    (model,) = [each for each in models.values() if each.task == "translation"]
    seen = model.loaded.attention(sources[0])
    assert answer[0]["attention"]["target"] == seen.target_pieces
    assert [len(row) for row in answer[0]["attention"]["weights"]] == [len(seen.source_pieces)] * len(
        seen.target_pieces
    )
    assert sum(answer[0]["attention"]["weights"][0]) == pytest.approx(1.0, abs=1e-3)
    assert answer[1] == {"text": "", "cut": False, "attention": None}


def test_batch_mates_change_nothing(asking, ask, sources):
    alone = [translated(ask, texts=[text], scores=True, beam_size=2)["translations"][0] for text in sources]

    async def main():
        async with asking() as client:
            asked = [{"texts": [text], "scores": True, "beam_size": 2} for text in sources]
            asked += [{"texts": [text]} for text in sources]  # of another kind
            answers = await asyncio.gather(*(client.post("/v1/translate", json=each) for each in asked))
            return [answer.json()["translations"][0] for answer in answers[: len(sources)]]

    together = asyncio.run(main())
    assert [each["text"] for each in together] == [each["text"] for each in alone]
    assert [each["score"] for each in together] == pytest.approx([each["score"] for each in alone], abs=2e-4)


def test_a_run_answers_as_its_export_does(asking, ask, sources):
    from seq2seq.server.models import load

    own = load([OLDER_RUNS / "translation"])
    expected = translated(ask, texts=sources, beam_size=3, n_best=2)["translations"]

    async def main():
        async with asking(own=own) as client:
            return (await client.post("/v1/translate", json={"texts": sources, "beam_size": 3, "n_best": 2})).json()

    answer = asyncio.run(main())["translations"]
    assert [each["text"] for each in answer] == [each["text"] for each in expected]


def test_runs_that_translate_together_are_one_model(asking, tiny_run, tmp_path):
    from seq2seq.server.models import load

    copy = shutil.copytree(tiny_run, tmp_path / "copy")
    own = load([tiny_run], [copy])
    expected = own[tiny_run.name].loaded.translate(["a b c", "h"])

    async def main():
        async with asking(own=own) as client:
            answer = await client.post("/v1/translate", json={"texts": ["a b c", "h"]})
            return answer.json(), (await client.get("/v1/models")).text

    answer, told = asyncio.run(main())
    assert [each["text"] for each in answer["translations"]] == expected and answer["model"] == tiny_run.name
    assert json.loads(told)["models"][0]["members"] == [tiny_run.name, "copy"] and str(tmp_path) not in told
    model = own[tiny_run.name]
    assert model.in_words(f"{copy} and {tiny_run} differ") == f"copy and {tiny_run.name} differ"


def test_what_the_command_warns_of_is_told(ask, sources):
    assert "not in the vocabulary" in translated(ask, texts=["¿¿¿"])["warnings"][0]
    assert translated(ask, texts=sources[:1])["warnings"] == []


def test_a_language_model_writes_what_the_command_writes(ask, written):
    asked = {"prompt": "a b c", "length": 40, "temperature": 0.8, "seed": 3}
    answer = ask("POST", "/v1/generate", json=asked).json()
    options = ("--prompt", "a b c", "--length", 40, "--temperature", 0.8, "--seed", 3)
    assert answer["texts"][0] + "\n" == written("generate", "{language-model}", *options)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"texts": ["a"], "beam_size": 2, "n_best": 3}, "set beam_size 3"),
        ({"texts": ["a"], "model": "exported-stream"}, "is no translation model"),
        ({"texts": ["a"], "model": "nothing"}, "'nothing' is not served here"),
        ({"texts": ["a"], "lenght_penalty": 1}, "did you mean 'length_penalty'"),
        ({"texts": None}, "texts should be a valid list, got null"),
        ({"texts": [1]}, "texts.0 should be a valid string, got 1"),
        ({}, "the field 'texts' is missing"),
        ({"texts": ["a"] * 17, "attention": True}, "at most 16 texts"),
        ({"texts": ["a"] * 1001}, "texts"),
        ({"texts": ["a"], "length_penalty": 2.0}, "does nothing with a beam size of 1"),
    ],
)
def test_what_cannot_be_is_one_line(ask, asked, line):
    answer = ask("POST", "/v1/translate", json=asked)
    assert answer.status_code == 422
    assert line in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_no_texts_have_no_translations(ask):
    assert translated(ask, texts=[])["translations"] == []


def test_more_texts_than_can_ever_wait_are_refused_for_good(ask, sources):
    answer = ask("POST", "/v1/translate", server={"most_waiting": 2}, json={"texts": sources[:3]})
    assert answer.status_code == 422
    assert "at most 2 texts at a time" in answer.json()["error"]
