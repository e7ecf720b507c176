"""What strangers read before they join: versions agree, files that are named are there, checks are those at home."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_all_files_with_a_version_have_the_same():
    assert tomllib.loads(text("packaging/runtime/pyproject.toml"))["project"]["version"] == VERSION
    assert re.search(r"^version: (.*)$", text("CITATION.cff"), re.MULTILINE)[1] == VERSION


def test_the_changes_of_this_version_are_told_and_those_to_come():
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased" and VERSION in headings


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_that_are_named_are_there(page):
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[A-Z]+\.\w+)`", text(page))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_picture_of_the_house_has_all_rooms():
    picture = text("CONTRIBUTING.md").partition("## The house")[2].partition("## How to add")[0]
    rooms = {path.parent.name for path in (ROOT / "seq2seq").glob("*/__init__.py")} - {"recipes"}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", picture)} == set()


def test_public_checks_run_what_the_project_runs():
    at_home = re.findall(r"^make \w+$", text(".ci/run"), re.MULTILINE)
    assert re.findall(r"run: (make \w+)$", text(".github/workflows/checks.yml"), re.MULTILINE) == at_home
    allowed = re.search(r"\(3, (\d+)\) <= sys.version_info < \(3, (\d+)\)", text("Makefile"))
    minors = [int(minor) for minor in re.findall(r'"3\.(\d+)"', text(".github/workflows/checks.yml"))]
    assert minors == list(range(int(allowed[1]), int(allowed[2])))
