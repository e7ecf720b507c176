"""Notebooks are what their pages say: their cells are the code of the page, in order, and they run."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "packaging/site"))
nbformat = pytest.importorskip("nbformat")  # comes with jupytext, in `.[docs]` and `.[dev]`
pytest.importorskip("jupytext")
notebooks = import_module("notebooks")

AHEAD = 2  # cells that a page has not: they install the package, and find the data
every_walk = pytest.mark.parametrize("page", notebooks.walks(), ids=lambda page: page.stem)


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_the_three_main_jobs_have_a_walk():
    assert {page.stem for page in notebooks.walks()} == {"first_translation", "first_faults", "first_forecast"}


@every_walk
def test_cells_are_the_code_of_the_page_in_order(page):
    blocks = re.findall(r"^```(bash|python)\n(.*?)\n```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    expected = ["%%bash\n" * (language == "bash") + block for language, block in blocks]
    assert code(notebooks.notebook(page.read_text(encoding="utf-8")))[AHEAD:] == expected


def test_files_are_valid_and_the_same_each_time(tmp_path):
    for folder in ("a", "b"):
        notebooks.write(tmp_path / folder)
    for page in notebooks.walks():
        first, second = (tmp_path / folder / f"{page.stem}.ipynb" for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
        nbformat.validate(nbformat.read(first, as_version=4))


@every_walk
def test_text_leads_to_no_page_and_shows_what_the_cells_draw(page):
    notebook = notebooks.notebook(page.read_text(encoding="utf-8"))
    text = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    drawn = re.findall(r"(runs/\w+\.png)", "".join(code(notebook)))
    assert re.findall(r"\]\((?!https?:)(.*?)\)", text) == drawn


@pytest.mark.slow
@every_walk
def test_a_notebook_runs(page, tmp_path, monkeypatch):
    """All cells but the one that installs the package, which is here; in a folder with nothing in it."""
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = notebooks.notebook(page.read_text(encoding="utf-8"))
    notebook.cells = [cell for cell in notebook.cells if "install" not in cell.metadata.get("tags", ())]
    client.NotebookClient(notebook, timeout=None, resources={"metadata": {"path": tmp_path}}).execute()
    for picture in re.findall(r"(runs/\w+\.png)", "".join(code(notebook))):
        assert (tmp_path / picture).is_file()
