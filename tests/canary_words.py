"""Random words that nobody but the planter can know, and reading an answer so closely that none of them hides in it."""

from __future__ import annotations

import base64
import email
import gzip
import html
import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from email import policy
from email.header import decode_header, make_header
from functools import lru_cache
from urllib.parse import unquote

from flask import Flask
from werkzeug.http import parse_cookie
from werkzeug.test import TestResponse

_LETTERS = "bcdfghjklmnpqrstvwxz"
_FOLD = re.compile(r"\r?\n[ \t]")
_BASE64 = re.compile(rb"base64,([A-Za-z0-9+/=]{16,})")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_MARKED = re.compile(r"</?mark>")
DEEPEST = 4


class Words:
    """Words with one random stem: to look for the stem is to look for them all."""

    def __init__(self, places: Iterable[str] = ()) -> None:
        self.stem = "q" + "".join(random.SystemRandom().choice(_LETTERS) for _letter in range(8))
        self.by_place: dict[str, str] = {}
        for place in places:
            self.new(place)

    def new(self, place: str) -> str:
        """A word for this place, such as `cases.description`; the same word when it is asked for again."""
        if place not in self.by_place:
            first, second = divmod(len(self.by_place), len(_LETTERS))
            self.by_place[place] = f"{self.stem}{_LETTERS[first]}{_LETTERS[second]}"
        return self.by_place[place]

    __call__ = new

    def among(self, text: str) -> set[str]:
        """The places whose words stand in a text (lower case)."""
        there = set(re.findall(f"{self.stem}[{_LETTERS}]{{2}}", text))
        return {place for place, word in self.by_place.items() if word in there}


def said(answer: TestResponse, app: Flask) -> str:
    """All that an answer says, in lower case: its headers, its body, what is packed or coded in either."""
    return f"{_headers(answer, app)}\n{texts_of(_plain(answer))}"


def unpacked(answer: TestResponse) -> str:
    """The body as text."""
    return _plain(answer).decode("utf-8", "replace")


def _plain(answer: TestResponse) -> bytes:
    return gzip.decompress(answer.data) if answer.headers.get("Content-Encoding") == "gzip" else answer.data


def cookies(answer: TestResponse, app: Flask) -> dict[str, object]:
    """What the cookies of an answer hold, those of the form session opened; without the form's own token."""
    held: dict[str, object] = {}
    for line in answer.headers.getlist("Set-Cookie"):
        for name, value in parse_cookie(line.split(";")[0]).items():
            held[name] = _opened(app, value) if name == app.config["SESSION_COOKIE_NAME"] else value
    return held


def _opened(app: Flask, value: str) -> object:
    serializer = getattr(app.session_interface, "get_signing_serializer")(app)  # noqa: B009, Flask does not type it
    found = serializer.loads(value) if value else {}
    return {name: one for name, one in found.items() if name != "csrf_token"}


def _headers(answer: TestResponse, app: Flask) -> str:
    lines = [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += [unquote(line) for line in lines]
    lines += [str(make_header(decode_header(line))) for line in lines if "=?" in line]
    lines.append(json.dumps(cookies(answer, app), default=str))
    return "\n".join(lines).lower()


@lru_cache(maxsize=512)
def texts_of(data: bytes) -> str:
    """All that some bytes say, in lower case."""
    return "\n".join(_texts(data, 0)).lower()


def _texts(data: bytes, depth: int) -> Iterator[str]:
    """Every way to read these bytes as text."""
    text = data.decode("utf-8", "replace")
    yield text
    plain = _MARKED.sub("", html.unescape(unquote(_FOLD.sub("", text))))
    if plain != text:
        yield plain
    if depth >= DEEPEST:
        return
    for inner in _inner(data):
        yield from _texts(inner, depth + 1)


def _inner(data: bytes) -> Iterator[bytes]:
    """What is packed in these bytes: members of an archive, parts of a mail, streams of a PDF, data addresses."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode() + b"\n" + archive.read(name)
    elif data.startswith(b"%PDF"):
        for stream in _STREAM.findall(data):
            try:
                yield zlib.decompress(stream)
            except zlib.error:
                yield stream
    elif b"\nMIME-Version:" in data[:20_000]:
        for part in email.message_from_bytes(data, policy=policy.default).walk():
            yield "\n".join(f"{name}: {value}" for name, value in part.items()).encode()
            if isinstance(payload := part.get_payload(decode=True), bytes):
                yield payload
    else:
        for coded in _BASE64.findall(data):
            yield base64.b64decode(coded + b"=" * (-len(coded) % 4))
