"""Comments, help and docstrings of the code as Markdown."""

import html
import re

# A heading of a docstring, such as "Args:", alone on its line.
_SECTION = re.compile(r"([A-Z][a-z]+(?: [a-z]+)*):$")
_ENTRY = re.compile(r"^([*\w`, ]+?): ")
_LISTED = ("Args", "Call arguments", "Raises", "Attributes")


def prose(text: str) -> str:
    """Text in one line, in which Markdown sees nothing but code between backticks."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(code(part[1:-1]) if part.startswith("`") else _escaped(part) for part in parts)


def code(text: str) -> str:
    """Code that may stand in a cell of a table, bars and all."""
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>" if text else ""


def table(kind: str, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table of cells that are Markdown; `site.css` knows its kind."""
    lines = [names, ("---",) * len(names), *rows]
    written = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f'<div class="{kind}" markdown>\n\n{written}\n</div>\n'


def docstring(text: str) -> str:
    """A docstring in Keras order: its sections become bold words above lists, its examples code."""
    written, lines = [], text.strip().split("\n")
    while lines:
        if heading := _SECTION.match(lines[0]):
            _, *lines = lines
            block = _taken(lines, lambda line: not line or line.startswith(" "))
            written += [f"**{heading[1]}**", _section(heading[1], block)]
        elif lines[0].startswith(">>>"):
            written.append("\n".join(["```python", *_taken(lines, bool), "```"]))
        elif lines[0].startswith("```"):
            fence = lines.pop(0)
            written.append("\n".join([fence, *_taken(lines, lambda line: line != "```"), "```"]))
            lines.pop(0)
        elif re.match(r"    |[*|-] |\|", lines[0]):
            written.append("\n".join(_taken(lines, bool)))  # a list, a table, or code
        elif lines[0]:
            written.append(prose(" ".join(_taken(lines, lambda line: line and not _SECTION.match(line)))))
        else:
            lines.pop(0)
    return "\n\n".join(written) + "\n"


def _section(name, block):
    indent = min((len(line) - len(line.lstrip()) for line in block if line), default=0)
    block = [line[indent:] for line in block]
    if name not in _LISTED:
        return docstring("\n".join(block)).strip()
    entries = re.split(r"\n(?=\S)", "\n".join(block).strip())
    return "\n".join(f"* {prose(_ENTRY.sub(_named, entry))}" for entry in entries)


def _named(found):
    return ", ".join(f"`{name.strip('`* ')}`" for name in found[1].split(",")) + ": "


def _taken(lines, fits):
    """The lines at the beginning that fit, which are taken away."""
    taken = []
    while lines and fits(lines[0]):
        taken.append(lines.pop(0))
    return taken


def _escaped(text):
    return re.sub(r"([\\*\[\]])|(?<!\w)_|_(?!\w)", r"\\\g<0>", html.escape(text, quote=False)).replace("|", "&#124;")
