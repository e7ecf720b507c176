"""The Python examples of the pages run, and print what the pages say."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [page for page in sorted(DOCS.glob("*.md")) if "```python" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
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
