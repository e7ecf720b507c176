"""What pages name is there; their Python examples run, and print what the pages say."""

import re
import runpy
from pathlib import Path

import pytest
from PIL import Image

DOCS = Path(__file__).parents[1] / "docs"
FOLDERS = ("", "tests", "scripts")  # that a page may name a file from
TRAINING = ("by_hand.md", "library.md")  # train for long, what other tests train in less
# A page with commands, in blocks of bash, trains what its examples load: tests/test_notebooks.py runs it as a whole.
TEXTS = {page: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))}
PAGES = [page for page, text in TEXTS.items() if "```python" in text and "```bash" not in text]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_the_files_that_a_page_names_for_its_promises_are_there(page):
    named = re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", page.read_text(encoding="utf-8"))
    assert not [name for name in named if not any((DOCS.parent / folder / name).is_file() for folder in FOLDERS)]


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.slow] * (page.name in TRAINING), id=page.name) for page in PAGES]
)
def test_examples_run_and_print_what_the_page_says(page, capsys, monkeypatch):
    monkeypatch.chdir(DOCS.parent)
    blocks = re.findall(r"```(python)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    namespace = {}
    for (language, code), (next_language, expected) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "python":
            exec(compile(code, str(page), "exec"), namespace)
            printed = capsys.readouterr().out
            if printed and not next_language:
                assert printed.strip() == expected.strip()
    redraw = runpy.run_path(str(DOCS / "images" / "redraw.py"))
    for name, network in redraw["networks"](namespace).items():
        file = DOCS / "images" / f"{name}.png"
        assert Image.open(file).text["Description"] == redraw["digest"](network), f"draw again: {redraw['__doc__']}"
        assert f"(images/{file.name})" in page.read_text(encoding="utf-8") and file.stat().st_size < 60_000


def test_the_gallery_has_each_recipe_of_the_readme_with_its_figures_and_small_pictures():
    gallery, readme = TEXTS[DOCS / "gallery.md"], (DOCS.parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)`[^|]*\|[^|]*\|([^|]*)\|", readme.partition("## What it reaches")[2], re.MULTILINE)
    assert len(rows) > 5
    for recipe, reached in rows:
        figures = re.findall(r"\d[\d.]*", reached)
        assert f"--recipe {recipe}" in gallery and figures[0] in gallery, recipe
    for picture in re.findall(r"\((images/\w+\.png)\)", gallery):
        assert (DOCS / picture).stat().st_size < 100_000, picture
