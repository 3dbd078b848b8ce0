"""Bodies that Outlook keeps as RTF: the HTML or text that was packed into it comes out again.

The rules are those of [MS-OXRTFEX] (encapsulation) and [MS-OXRTFCP] (compression). One pass over the
tokens, so that time is linear in the size. A body that was written as RTF gives its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import compressed_rtf

MAX_COMPRESSED = 512 * 1024
MAX_RTF = 6 * 1024 * 1024

TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,40})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<symbol>[^a-zA-Z])"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|(?P<other>[\r\n\\])"
)
# [MS-OXRTFEX] 2.2.3: control words that stand for characters, within HTML tags and outside.
CHARACTERS = {
    "par": "\r\n", "line": "\r\n", "tab": "\t", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c",
    "rdblquote": "\u201d", "bullet": "\u2022", "endash": "\u2013", "emdash": "\u2014", "emspace": "\u2003",
    "enspace": "\u2002", "zwj": "\u200d", "zwnj": "\u200c",
}  # fmt: skip
SYMBOLS = {"~": "\xa0", "_": "\u00ad", "-": "", "\\": "\\", "{": "{", "}": "}", "\n": "\r\n", "\r": "\r\n"}
SKIPPED = frozenset(
    [
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "object",
        "listtable",
        "mhtmltag",
        "header",
        "footer",
    ]
)
# \fcharsetN to a code page (RTF specification, font table).
FONT_CHARSETS = {
    0: 1252, 77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258,
    177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250,
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """What holds within the current pair of braces."""

    skip: bool = False
    starred: bool = False
    in_tag: bool = False
    fonts: bool = False
    hidden: bool = False
    font: int = -1
    unicode_skip: int = 1


def decompress(data: bytes) -> bytes:
    """The RTF in `data` ([MS-OXRTFCP]); raises ValueError where it is damaged or too large."""
    if len(data) > MAX_COMPRESSED:
        raise ValueError("too large")
    try:
        return compressed_rtf.decompress(data)[:MAX_RTF]
    except Exception as error:  # the library raises bare Exception
        raise ValueError(str(error)) from error


def unpack(rtf: bytes) -> tuple[str, bool]:
    """What `rtf` holds, and whether that is HTML (else it is plain text)."""
    reading = _Unpacking(rtf)
    for match in TOKEN.finditer(rtf):
        reading.token(match)
    reading.flush()
    return "".join(reading.out), reading.is_html


class _Unpacking:
    def __init__(self, rtf: bytes) -> None:
        begin = rtf[:2000]
        self.is_html = b"\\fromhtml" in begin
        self.codepage = 1252
        self.font_pages: dict[int, int] = {}
        self.state = State()
        self.stack: list[State] = []
        self.out: list[str] = []
        self.pending = bytearray()
        self.to_skip = 0
        self.high = ""

    def token(self, match: re.Match[bytes]) -> None:
        if match["brace"]:
            self.flush()
            self._brace(match["brace"])
        elif match["word"]:
            self._word(match["word"].decode("ascii").lower(), match["number"])
        elif match["hex"]:
            self._bytes(bytes.fromhex(match["hex"].decode("ascii")))
        elif match["symbol"]:
            self._symbol(match["symbol"].decode("latin-1"))
        elif match["text"]:
            self._bytes(match["text"])

    def flush(self) -> None:
        """Decode the bytes that are waiting, in the code page of the font that is set."""
        if self.pending:
            page = self.codepage if self.state.in_tag else self.font_pages.get(self.state.font, self.codepage)
            try:
                self.out.append(bytes(self.pending).decode(f"cp{page}", "replace"))
            except LookupError:
                self.out.append(bytes(self.pending).decode("cp1252", "replace"))
            self.pending.clear()

    def _shown(self) -> bool:
        return not self.state.skip and not self.state.fonts and (self.state.in_tag or not self.state.hidden)

    def _brace(self, brace: bytes) -> None:
        self.to_skip = 0
        if brace == b"{":
            self.stack.append(self.state)
            self.state = replace(self.state, starred=False)
        elif self.stack:
            self.state = self.stack.pop()

    def _bytes(self, data: bytes) -> None:
        if self.to_skip:
            taken = min(self.to_skip, len(data))
            self.to_skip, data = self.to_skip - taken, data[taken:]
        if self._shown():
            self.pending += data

    def _text(self, text: str) -> None:
        if self._shown():
            self.flush()
            self.out.append(text)

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self.state = replace(self.state, starred=True)
        elif symbol in SYMBOLS:
            if self.to_skip:
                self.to_skip -= 1
            else:
                self._text("&nbsp;" if symbol == "~" and self.is_html else SYMBOLS[symbol])

    def _word(self, word: str, digits: bytes | None) -> None:
        number = int(digits) if digits else None
        if self.state.starred:
            self.flush()
            in_tag = word == "htmltag"
            self.state = replace(self.state, starred=False, in_tag=in_tag, skip=self.state.skip or not in_tag)
        elif word in SKIPPED:
            self.state = replace(self.state, skip=True, fonts=word == "fonttbl")
        elif word == "htmlrtf":
            self.flush()
            self.state = replace(self.state, hidden=number != 0)
        elif word in CHARACTERS:
            if self.to_skip:
                self.to_skip -= 1
            else:
                self._text(CHARACTERS[word])
        elif word == "u" and number is not None:
            self._unicode(number & 0xFFFF)
        else:
            self._setting(word, number)

    def _setting(self, word: str, number: int | None) -> None:
        if word == "ansicpg" and number:
            self.codepage = number
        elif word == "uc" and number is not None:
            self.state = replace(self.state, unicode_skip=min(max(number, 0), 10))
        elif word == "f" and number is not None:
            self.flush()
            self.state = replace(self.state, font=number)
        elif word == "fcharset" and self.state.fonts and number in FONT_CHARSETS:
            # 0 is "ANSI": whatever the document's own code page is.
            self.font_pages[self.state.font] = FONT_CHARSETS[number] if number else self.codepage

    def _unicode(self, unit: int) -> None:
        """`\\uN`: a UTF-16 unit; the characters after it repeat it for old readers and are skipped."""
        self.to_skip = self.state.unicode_skip
        if 0xD800 <= unit < 0xDC00:
            self.high = chr(unit)
            return
        pair = (self.high if 0xDC00 <= unit < 0xE000 else "") + chr(unit)
        self.high = ""
        self._text(pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
