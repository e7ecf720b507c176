"""What messages share: the advice how to install what is missing."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from seq2seq.errors import installed_with

PROJECT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("there", "folder"),
    [
        (["seq2seq"], "."),
        (["seq2seq-runtime"], "./packaging/runtime"),
        (["seq2seq", "seq2seq-runtime"], "."),
        ([], "."),
    ],
)
def test_advice_is_of_the_distribution_that_is_installed(there, folder, monkeypatch):
    def version(name):
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return "0.1.0"

    monkeypatch.setattr(metadata, "version", version)
    assert installed_with("serve") == f"pip install '{folder}[serve]' in this project's folder"


def test_the_runtime_has_the_extras_and_files_of_what_it_runs():
    whole, runtime = (
        tomllib.loads((PROJECT / folder / "pyproject.toml").read_text()) for folder in (".", "packaging/runtime")
    )
    extras, own = (each["project"]["optional-dependencies"] for each in (whole, runtime))
    assert {name: own[name] for name in ("xlsx", "litert", "serve")} == {
        name: extras[name] for name in ("xlsx", "litert", "serve")
    }
    files = [each["tool"]["setuptools"]["package-data"]["seq2seq.server"] for each in (whole, runtime)]
    assert files[0] == files[1]
