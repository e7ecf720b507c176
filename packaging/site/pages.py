"""All pages of the site in one folder: those of `docs`, those of the benchmarks and the data, and what the code says.

`make docs` calls it, and Zensical builds the site of what it writes.
"""

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from command_pages import command_page, commands
from python_pages import groups, python_page
from settings_pages import KINDS, recipes_page, settings_page

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LINK = re.compile(r"(!?\[[^\]]*\])\((\.\./[^)#\s]*)(#[^)\s]*)?\)")
# Of the checkout → page of the site. What else is linked outside of `docs` is copied where it is a file.
PAGES = {"README.md": "index.md", "benchmarks/README.md": "benchmarks.md", "data/README.md": "data.md"}
# Pages of the groups of public names.
PYTHON = ("loaded_runs", "trainings", "measures", "estimators", "models", "around_models")
FOLDERS = {"seq2seq/recipes": "recipes.md"}


def write(folder: Path, notebooks: Path | None = None) -> None:
    """Write all pages, with the configuration of Zensical beside their folder.

    Args:
        folder: where they go; what is there is removed.
        notebooks: where `make notebooks` has put them, with the package: pages offer theirs, by their name.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder)
    for file in ("zensical.toml", "site.css"):
        shutil.copy(HERE / file, folder.parent if file == "zensical.toml" else folder)
    for name in ("benchmarks", "data"):
        shutil.copy(ROOT / name / "README.md", folder / f"{name}.md")
    for page in folder.glob("*.md"):
        page.write_text(_kept_inside(page.read_text(encoding="utf-8"), folder), encoding="utf-8")
    for name, text in generated():
        (folder / name).write_text(text, encoding="utf-8")
    if notebooks:
        _offer(notebooks, folder)


def generated() -> Iterable[tuple[str, str]]:
    """File name and text of each page that the code says."""
    for kind in KINDS:
        yield f"settings_{kind.task.replace('-', '_')}.md", settings_page(kind)
    yield "recipes.md", recipes_page()
    for name, command in commands():
        yield f"command_{re.sub('[ -]', '_', name)}.md", command_page(name, command)
    for (title, names), page in zip(groups().items(), PYTHON, strict=True):
        yield f"python_{page}.md", python_page(title, names)


def _offer(notebooks, folder):
    """Copy the notebooks and the package, and link both under the titles of the pages that they were made of."""
    shutil.copytree(notebooks, folder, dirs_exist_ok=True)
    (wheel,) = notebooks.glob("*.whl")
    for notebook in notebooks.glob("*.ipynb"):
        page = folder / f"{notebook.stem}.md"
        title, _, text = page.read_text(encoding="utf-8").partition("\n")
        offered = f"[This page as a notebook]({notebook.name}), and [the package]({wheel.name}) to lay beside it."
        page.write_text(f"{title}\n\n{offered}\n{text}", encoding="utf-8")


def _kept_inside(text, folder):
    """A page whose links all stay in the site: to a page, to a copy of the file, or none."""

    def link(found):
        words, path, anchor = found[1], found[2].removeprefix("../").rstrip("/"), found[3] or ""
        if page := (PAGES | FOLDERS).get(path):
            return f"{words}({page}{anchor})"
        if not (ROOT / path).is_file():
            return words.lstrip("!")[1:-1]
        if path.startswith("docs/"):
            return f"{words}({path.removeprefix('docs/')}{anchor})"
        shutil.copy(ROOT / path, folder)
        return f"{words}({Path(path).name})"

    return LINK.sub(link, text)


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
