"""What has to hold of the built site: every link leads somewhere, nothing is loaded from elsewhere, no page is heavy.

`python packaging/site/built.py build/site` names what does not, and then ends with exit code 1.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGEST = 100_000  # bytes of a page, without its pictures
# Attributes whose address a browser loads by itself; of `a` and of some kinds of `link` it waits for a reader.
LOADED = {"src", "srcset", "poster", "data"}
NOT_LOADED = {"canonical", "next", "prev", "alternate"}


class Page(HTMLParser):
    """The anchors, the links and the loaded addresses of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.anchors, self.links, self.loaded = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.anchors |= {attributes[name] for name in ("id", "name") if name in attributes}
        self.loaded += [attributes[name] for name in LOADED & attributes.keys()]
        if "href" in attributes:
            waits = tag == "a" or attributes.get("rel") in NOT_LOADED
            (self.links if waits else self.loaded).append(attributes["href"])


def faults(site: Path) -> list[str]:
    """A line for each fault of a built site.

    Args:
        site: its folder.
    """
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    found = [f"{file.name}: {file.stat().st_size:,} bytes" for file in pages if file.stat().st_size > LARGEST]
    for file, page in pages.items():
        if file.name == "404.html":
            continue  # is served under any address: its links begin at the root of the site
        found += [f"{file.name}: loads {address}" for address in page.loaded if _foreign(address)]
        for address in page.links + page.loaded:
            if not _foreign(address) and not _leads_somewhere(address, file, pages):
                found.append(f"{file.name}: {address} is not there")
    for file in sorted(site.rglob("*.css")):
        loaded = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]*)", file.read_text(encoding="utf-8"))
        found += [f"{file.name}: loads {address}" for address in loaded]
    return found


def _foreign(address):
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def _leads_somewhere(address, file, pages):
    parts = urlsplit(address)
    if parts.scheme:  # mailto:, data:
        return True
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file.resolve()
    target = target / "index.html" if target.is_dir() else target
    if not parts.fragment or target.suffix != ".html":
        return target.is_file()
    page = next((page for other, page in pages.items() if other.resolve() == target), None)
    return page is not None and unquote(parts.fragment) in page.anchors


if __name__ == "__main__":
    found = faults(Path(sys.argv[1]))
    print("\n".join(found) or f"{sys.argv[1]}: every link leads somewhere, and nothing is loaded from elsewhere")
    sys.exit(bool(found))
