"""HTML bodies: cleaned for display, and turned into readable text. Both in time linear in their size.

A cleaner that builds a tree as HTML 5 says needs time and memory by the square of the depth, so a message of
two megabytes of `<div>` holds it for minutes (measured). So libxml2 reads the source as a stream of
events first; elements too deep or too many lose their tags but keep their text; what is left is
well-formed and shallow, and only that is given to nh3, whose list decides what may stay.
"""

from __future__ import annotations

from html import escape
from typing import Any

import nh3
from lxml import etree

from .message import MAX_TEXT

MAX_OPEN = 80
MAX_ELEMENTS = 60_000
MAX_ATTRIBUTES = 30
MAX_AMPERSANDS = 30_000  # nh3 needs time by the square of their number in one text (measured)
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
DROPPED = frozenset(
    [
        "script",
        "style",
        "head",
        "title",
        "template",
        "noscript",
        "iframe",
        "object",
        "svg",
        "math",
        "textarea",
        "select",
    ]
)
PARAGRAPHS = frozenset(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "blockquote", "table"]
)
LINES = frozenset(
    [
        "div",
        "tr",
        "li",
        "dt",
        "dd",
        "hr",
        "section",
        "article",
        "header",
        "footer",
        "center",
        "address",
        "form",
        "fieldset",
    ]
)
SCHEMES = {"http", "https", "mailto", "tel", "cid"}


class _Reading:
    """Receives libxml2's events and writes, side by side, shallow HTML and readable text."""

    def __init__(self) -> None:
        self.html: list[str] = []
        self.text: list[str] = []
        self.open: list[tuple[str, bool]] = []
        self.links: list[tuple[str, int]] = []
        self.dropped = self.preformatted = self.elements = self.written = self.ampersands = 0
        self.cut = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.dropped += tag in DROPPED
        self.preformatted += tag == "pre"
        keep = not self.dropped and self.written < MAX_OPEN and self.elements <= MAX_ELEMENTS
        self.cut |= not keep and not self.dropped
        self.open.append((tag, keep))
        if self.dropped:
            return
        self._text_before(tag, attributes)
        if keep:
            self.written += tag not in VOID
            listed = list(attributes.items())[:MAX_ATTRIBUTES]
            written = "".join(
                f' {name}="{self._escaped(value or "")}"' for name, value in listed if name.isascii()
            )
            self.html.append(f"<{tag}{written}>")

    def end(self, tag: str) -> None:
        name, kept = self.open.pop() if self.open else (tag, False)
        if not self.dropped:
            self._text_after(name)
        self.dropped -= name in DROPPED
        self.preformatted -= name == "pre"
        if kept and name not in VOID:
            self.written -= 1
            self.html.append(f"</{name}>")

    def data(self, data: str) -> None:
        if self.dropped:
            return
        self.html.append(self._escaped(data))
        if self.preformatted:
            self.text.append(data)
        else:
            collapsed = " ".join(data.replace("\u00ad", "").split())
            before = " " if data[:1].isspace() else ""
            self.text.append(before + collapsed + (" " if collapsed and data[-1:].isspace() else ""))

    def comment(self, text: str) -> None:
        """Comments (and Outlook's conditional ones) say nothing to the reader."""

    def close(self) -> _Reading:
        return self

    def _escaped(self, value: str) -> str:
        self.ampersands += value.count("&")
        if self.ampersands > MAX_AMPERSANDS:
            self.cut = True
            value = value.replace("&", " ")
        return escape(value)

    def _text_before(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in PARAGRAPHS:
            self.text.append("\n\n")
        elif tag in LINES or tag == "br":
            self.text.append("\n")
        if tag == "li":
            self.text.append("* ")
        elif tag == "td" or tag == "th":
            self.text.append("\t")
        elif tag == "img" and attributes.get("alt"):
            self.text.append(f"[{attributes['alt']}]")
        elif tag == "a":
            self.links.append((attributes.get("href") or "", len(self.text)))

    def _text_after(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self.text.append("\n\n")
        elif tag in LINES:
            self.text.append("\n")
        elif tag == "a" and self.links:
            # As Outlook writes it into its own plain text: what is shown, then the address where it differs.
            href, begin = self.links.pop()
            label = "".join(self.text[begin:]).strip() if len(self.text) - begin < 50 else ""
            bare = href.removeprefix("mailto:").rstrip("/")
            if href.startswith(("http:", "https:", "mailto:")) and bare != label.removeprefix(
                "mailto:"
            ).rstrip("/"):
                self.text.append(f" <{href[:2000]}> ")


def _bare(address: str) -> str:
    return address.removeprefix("mailto:").rstrip("/")


def _lines(text: str) -> str:
    """Lines without trailing space, with at most one empty line between them."""
    out: list[str] = []
    for line in text.replace("\xa0", " ").splitlines():
        line = line.strip(" ").rstrip()
        if line.strip() or (out and out[-1]):
            out.append(line if line.strip() else "")
    return "\n".join(out).strip()


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Pictures from outside tell the sender who read the message and when; only its own are shown."""
    if tag == "img" and name == "src" and not value.strip().lower().startswith("cid:"):
        return None
    return value


def read(source: str) -> tuple[str, str, bool]:
    """The cleaned HTML of `source`, its readable text, and whether a part of it had to be left out."""
    cut = len(source) > MAX_TEXT
    reading = _Reading()
    target: Any = reading  # lxml asks its targets only for what they have
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=False, recover=True)
    try:
        parser.feed(source[:MAX_TEXT].replace("\0", "").encode("utf-8", "replace"))
        parser.close()
    except (etree.LxmlError, AssertionError):
        cut = True
    clean = nh3.clean("".join(reading.html), attribute_filter=_attribute, url_schemes=SCHEMES)
    return clean, _lines("".join(reading.text))[:MAX_TEXT], cut or reading.cut
