"""What messages share: the advice how to install what is missing."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from seq2seq.errors import installed_for, installed_with

PROJECT = Path(__file__).parent.parent


def installed(there):
    """`metadata.version` where these distributions are."""

    def version(name):
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return "0.1.0"

    return version


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
    monkeypatch.setattr(metadata, "version", installed(there))
    assert installed_with("serve") == f"pip install '{folder}[serve]' in this project's folder"


@pytest.mark.parametrize(
    ("distribution", "module", "what"),
    [
        ("seq2seq-runtime", "matplotlib.figure", "'./packaging/runtime[plots]'"),
        ("seq2seq-runtime", "pandas", "'./packaging/runtime[series]'"),
        ("seq2seq-runtime", "pyarrow", "'./packaging/runtime[series]'"),
        ("seq2seq-runtime", "onnxruntime", "./packaging/runtime"),
        ("seq2seq", "onnxruntime", "'.[onnx]'"),
        ("seq2seq", "matplotlib", "."),
    ],
)
def test_a_missing_module_comes_with_an_extra_that_is_there(distribution, module, what, monkeypatch):
    monkeypatch.setattr(metadata, "version", installed([distribution]))
    assert installed_for(module) == f"pip install {what} in this project's folder"
    folder = PROJECT if distribution == "seq2seq" else PROJECT / "packaging/runtime"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    extra = what.strip("'").partition("[")[2].rstrip("]")
    wanted = project["optional-dependencies"][extra] if extra else project["dependencies"]
    assert any(module.split(".")[0].replace("pyarrow", "parquet") in each for each in wanted)


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
