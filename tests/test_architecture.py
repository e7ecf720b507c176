"""The house stays in order: which room may know which, and what is used where."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

EVERYWHERE = {
    "cores",
    "device",
    "errors",
    "hugging_face",
    "interruption",
    "report",
    "sources",
    "special_ids",
    "storage",
    "versions",
    "workers",
}
PACKAGE = Path(__file__).resolve().parents[1] / "seq2seq"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Room → the rooms that it may import from; besides itself, and those that know nothing of any other.
# Beneath `training` nobody sees a configuration: layers, models and searches take plain arguments.
ARROWS = {
    **{name: set() for name in EVERYWHERE},
    "config": set(),
    "recipes": set(),
    "text": set(),
    "series": set(),
    "layers": set(),
    "decoding": set(),
    "evaluation": set(),
    "plots": set(),
    "run": {"config"},
    "batches": {"text", "series"},
    "models": {"layers"},
    "anatomy": {"layers", "models"},
    "runtime": {"run"},
}
BELOW = ARROWS.keys()
ARROWS["training"] = BELOW - {"evaluation", "runtime"}
ARROWS["inference"] = BELOW - {"plots"}
ARROWS["jobs"] = {"inference"} | BELOW - {"plots"}
ARROWS["export"] = {"inference"} | BELOW - {"plots"}
ARROWS["server"] = {"inference"} | BELOW - {"plots"}
ARROWS["tasks"] = {"training", "inference"} | BELOW
ARROWS["estimators"] = {"tasks", "inference"} | BELOW - {"plots"}
ARROWS["cli"] = ARROWS.keys() - {"cli", "estimators"}
ARROWS["__main__"] = {"cli"}

ONLY_IN = {
    "typer": "cli",
    "rich": "cli",
    "matplotlib": "plots",
    "sentencepiece": "text/subwords.py",
    "sacrebleu": "evaluation",
    "sacremoses": "evaluation/moses.py",
    "sklearn": ("evaluation", "estimators"),
    "scipy": "evaluation",
    "pandas": ("series", "estimators"),
    "onnx": "export",
    "onnxruntime": "runtime",
    "ai_edge_litert": "runtime",
    "ray": "jobs/ray_engine.py",
    "grpc": "jobs/ray_engine.py",
    "fsspec": "jobs/urls.py",
    "datasets": "hugging_face.py",
    **dict.fromkeys(("fastapi", "starlette", "uvicorn", "pydantic", "pydantic_core", "prometheus_client"), "server"),
}
WITHOUT_TENSORFLOW = [
    *("config", "run", "text", "series", "plots", "evaluation", "cli", "runtime"),
    *("cores.py", "errors.py", "hugging_face.py", "interruption.py", "report.py"),
    *("sources.py", "special_ids.py", "storage.py"),
]
NO_ROOMS = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


def imported(source: str, package: str) -> set[str]:
    """Full names of everything that `source`, a module of `package`, imports at any depth."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join(parents + ([node.module] if node.module else []))
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def imports_of(path: Path) -> set[str]:
    package = ".".join(["seq2seq", *path.relative_to(PACKAGE).parent.parts])
    return imported(path.read_text(encoding="utf-8"), package)


def is_in(path: Path, *places: str) -> bool:
    return any(path.relative_to(PACKAGE).is_relative_to(place) for place in places)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))


def test_imports_are_found_in_every_form():
    source = "import a.b\nfrom . import c\nfrom ..d import e\ndef f():\n    from g import h"
    assert imported(source, "seq2seq.text") == {"a.b", "seq2seq.text.c", "seq2seq.d.e", "g.h"}


@each_module
def test_imports_point_one_way(path):
    own = room(path)
    if own == "__init__":  # the front door shows names of all rooms
        return
    assert own in ARROWS, f"a new room, {own}: say here whom it may know"
    rooms = {name.split(".")[1] for name in imports_of(path) if name.startswith("seq2seq.")}
    assert rooms - {own} <= ARROWS[own] | EVERYWHERE


@each_module
def test_a_library_is_used_in_its_one_room(path):
    libraries = {name.split(".")[0] for name in imports_of(path)}
    rooms = {name: (place,) if isinstance(place, str) else place for name, place in ONLY_IN.items()}
    assert {library for library in libraries & rooms.keys() if not is_in(path, *rooms[library])} == set()


@each_module
def test_these_rooms_need_no_tensorflow(path):
    if any(is_in(path, place) for place in WITHOUT_TENSORFLOW):
        assert {name.split(".")[0] for name in imports_of(path)} & {"tensorflow", "keras"} == set()


@each_module
def test_modules_are_short_and_have_a_subject(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 350
    assert not NO_ROOMS & set(path.relative_to(PACKAGE).with_suffix("").parts)


def test_the_commands_load_without_what_makes_them_slow():
    heavy = ["tensorflow", "keras", "sentencepiece", "matplotlib", "sacrebleu", "tensorflow_datasets", "numpy"]
    code = f"import sys, seq2seq.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)
    assert done.stdout.strip() == "[]"
