"""A version is that of what is installed, or of the checkout that is used as it lies."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from seq2seq import versions


def test_a_checkout_that_is_not_installed_has_its_own_version(monkeypatch):
    def not_installed(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(versions, "version", not_installed)
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert versions.version_of("seq2seq") == project["version"]
    with pytest.raises(PackageNotFoundError):
        versions.version_of("keras")


def test_a_library_has_that_of_its_distribution():
    assert versions.version_of("keras") == version("keras")
