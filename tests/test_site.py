"""The documentation leads where it says, names what there is, and leaves out nothing that the code has."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packaging/site"))

import pages
from built import faults
from command_pages import command_page, commands
from prose import docstring, prose
from settings_pages import KINDS, sections, settings_page

import seq2seq

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in pages.PAGES)]
COMMANDS = dict(commands())
# What follows `scripts/` or `seq2seq `, up to the end of the command.
CALL = re.compile(r"(?:scripts/(?!jobs)|(?<![\w./'-])(?<!from )seq2seq )([a-z]\w*(?:\.py)? [^|;&>#\n]*)")
FENCES = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with all pages of the site."""
    folder = tmp_path_factory.mktemp("site") / "docs"
    pages.write(folder)
    return folder


def slugs(text):
    """The anchors of a page's headings, as Python-Markdown and GitHub both make them."""
    headings = re.findall(r"^#+ (.*)$", FENCES.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings]
    python = [re.sub(r"[-\s]+", "-", heading.encode("ascii", "ignore").decode()) for heading in plain]
    return set(python) & {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for path, anchor in re.findall(
        r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", FENCES.sub("", page.read_text(encoding="utf-8"))
    ):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in slugs(target.read_text(encoding="utf-8")), f"{path}#{anchor}"


def test_every_page_is_in_the_navigation_once(site):
    def listed(entry):
        if isinstance(entry, str):
            return [entry]
        return [page for each in (entry if isinstance(entry, list) else entry.values()) for page in listed(each)]

    configuration = tomllib.loads((ROOT / "packaging/site/zensical.toml").read_text(encoding="utf-8"))
    assert sorted(listed(configuration["project"]["nav"])) == sorted(page.name for page in site.glob("*.md"))


def test_no_link_of_the_site_leaves_its_folder(site):
    for page in site.glob("*.md"):
        for path in re.findall(r"\]\((?!https?:)([^)#\s]+)", FENCES.sub("", page.read_text(encoding="utf-8"))):
            assert (site / path).is_file() and ".." not in path, f"{page.name}: {path}"


def test_a_page_offers_its_notebook_and_the_package_where_they_were_made(tmp_path):
    made = tmp_path / "notebooks"
    made.mkdir()
    for name in ("first_faults.ipynb", "seq2seq-1.0-py3-none-any.whl"):
        (made / name).touch()
    pages.write(tmp_path / "docs", made)
    title, _, offered = (tmp_path / "docs/first_faults.md").read_text(encoding="utf-8").splitlines()[:3]
    assert title.startswith("# ")
    linked = re.findall(r"\]\((.*?)\)", offered)
    assert linked == sorted(file.name for file in made.iterdir())
    assert all((tmp_path / "docs" / name).exists() for name in linked)


@pytest.mark.parametrize("config", KINDS, ids=lambda config: config.task)
def test_every_setting_has_a_meaning_and_is_on_its_page(config):
    page, default = settings_page(config), config.__dataclass_fields__
    settings = [setting for _, _, section in sections(config) for setting in section]
    assert not [each.name for each in settings if not each.meaning or each.meaning.startswith("none: by the size")]
    assert len(settings) == len({each.name for each in settings}) > len(default)
    for setting in settings:
        assert f"| <code>{setting.name}</code> | {setting.kind} | {setting.default} | {setting.meaning} |\n" in page


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_meaning_and_is_on_the_page_of_its_command(name):
    page = command_page(name, COMMANDS[name])
    for parameter in COMMANDS[name].params:
        assert parameter.help
        assert prose(parameter.help) in page
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert option in page or option.upper() in page


def test_every_public_name_is_on_a_page_with_what_it_is_for(site):
    text = "".join(page.read_text(encoding="utf-8") for page in site.glob("python_*.md"))
    assert sorted(re.findall(r"^## (\w+)$", text, re.MULTILINE)) == sorted(seq2seq._HOMES)
    assert not re.findall(r"^## (\w+)\n\n(?:```\n[^`]*```\n\n)?#", text, re.MULTILINE)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_shows_have_the_options_that_it_gives_them(page):
    text = page.read_text(encoding="utf-8").replace("\\\n", " ").replace(".venv/bin/", "")
    code = FENCES.findall(text) + re.findall(r"`([^`]+)`", FENCES.sub("", text))
    for call in CALL.findall("\n".join(code)):
        words = call.replace(".py", "", 1).split()
        known = [each for name, each in COMMANDS.items() if words[: name.count(" ") + 1] == name.split()]
        known = known or [each for name, each in COMMANDS.items() if name.split()[0] == words[0]]  # of any task
        options = {option for each in known for parameter in each.params for option in parameter.opts}
        options |= {option for each in known for parameter in each.params for option in parameter.secondary_opts}
        given = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)}
        assert known, call
        assert given <= options | {"--help"}, call


def test_a_docstring_becomes_lists_and_code():
    written = docstring(
        "One line,\nin two.\n\nArgs:\n    name: str. What *is*\n        called.\n\nReturns:\n    A | b.\n\n>>> 1 + 1\n2"
    )
    assert written.split("\n\n") == [
        "One line, in two.",
        "**Args**",
        "* <code>name</code>: str. What \\*is\\* called.",
        "**Returns**",
        "A &#124; b.",
        "```python\n>>> 1 + 1\n2\n```\n",
    ]


def test_faults_of_a_built_site_are_named(tmp_path):
    sound = '<h1 id="a">A</h1> <a href="b.html#b">b</a> <a href="https://example.org">out</a> <link href="s.css">'
    (tmp_path / "a.html").write_text(sound)
    (tmp_path / "b.html").write_text('<a name="b"></a><a href="a.html#a">a</a>')
    (tmp_path / "s.css").write_text("p { color: red }")
    assert faults(tmp_path) == []
    (tmp_path / "b.html").write_text('<a href="c.html">c</a><script src="https://example.org/x.js"></script>')
    (tmp_path / "s.css").write_text("@import 'https://example.org/font.css';")
    assert faults(tmp_path) == [
        "a.html: b.html#b is not there",
        "b.html: loads https://example.org/x.js",
        "b.html: c.html is not there",
        "s.css: loads https://example.org/font.css",
    ]
    (tmp_path / "b.html").write_text('<a name="b"></a>' + "x" * 100_000)
    assert faults(tmp_path)[0].startswith("b.html: 100,0")
