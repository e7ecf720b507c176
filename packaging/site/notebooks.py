"""Notebooks of the pages that walk through commands: `python packaging/site/notebooks.py build/notebooks`.

A walk is a page of `docs` with a block of `bash`. Its code becomes cells, in order; what stands between is text. Two
cells go ahead: they install the package, whose wheel `make notebooks` lays beside them, and find the shipped data.
"""

import re
import sys
import tomllib
from pathlib import Path

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:)([^)#\s]*)[^)]*\)")
# Jupytext takes the language of most cells for that of the kernel, unless the page says it; bash is a magic of this.
KERNEL = "---\njupyter:\n  kernelspec:\n    display_name: Python 3\n    language: python\n    name: python3\n---\n\n"
INSTALL = "%pip install --quiet {wheel}"
# The pages name `data` as in the root of a checkout, and bash finds `seq2seq` where this Python was installed.
FIND = """\
import os
import sys
from pathlib import Path

import seq2seq

if not Path("data").exists():
    Path("data").symlink_to(Path(seq2seq.__file__).parent / "data")
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
"""


def walks() -> list[Path]:
    """The pages that walk through commands."""
    return [page for page in sorted((ROOT / "docs").glob("*.md")) if "```bash\n" in page.read_text(encoding="utf-8")]


def wheel() -> str:
    """The file name of the package, as `pip wheel` calls it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['name']}-{project['version']}-py3-none-any.whl"


def notebook(text: str) -> NotebookNode:
    """The notebook of a page.

    Args:
        text: the page, whose blocks of `bash` and `python` are run and whose other blocks are read.
    """
    made = jupytext.reads(KERNEL + LINK.sub(_beside, text), "md")
    first = f"Lay `{wheel()}` beside this notebook. The first cell installs it, the second one finds its data."
    made.cells[:0] = [
        new_markdown_cell(first),
        new_code_cell(INSTALL.format(wheel=wheel()), metadata={"tags": ["install"]}),
        new_code_cell(FIND.strip()),
    ]
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"  # the same page makes the same file
    del made.metadata["jupytext"]
    return made


def write(folder: Path) -> None:
    """Write the notebook of each walk.

    Args:
        folder: where they go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for page in walks():
        jupytext.write(notebook(page.read_text(encoding="utf-8")), folder / f"{page.stem}.ipynb")


def _beside(found):
    """A picture is the one that the cells draw; a link to another page is its words."""
    picture, words, path = found.groups()
    return f"![{words}](runs/{Path(path).name})" if picture else words


if __name__ == "__main__":
    write(Path(sys.argv[1]))
