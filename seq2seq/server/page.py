"""The page of a server: one file, which may load nothing else and run nothing but what is in it."""

import base64
import hashlib
import re
from importlib import resources

from fastapi.responses import HTMLResponse

FILE = "page.html"


def page() -> HTMLResponse:
    """The page, whose browser takes its one script and its one style alone, and talks to this server alone."""
    text = (resources.files("seq2seq.server") / FILE).read_text(encoding="utf-8")
    rules = ["default-src 'none'", "img-src data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'"]
    rules += ["frame-ancestors 'none'", *(f"{tag}-src {_digests(text, tag)}" for tag in ("script", "style"))]
    return HTMLResponse(text, headers={"Content-Security-Policy": "; ".join(rules)})


def _digests(text, tag):
    found = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() for content in found)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
