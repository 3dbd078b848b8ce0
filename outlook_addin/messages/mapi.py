"""The properties in an Outlook .msg ([MS-OXMSG]): of the message, its recipients and its attachments.

extract-msg opens the file and reads the tables of properties. Strings are decoded here, since a file of an
older Outlook keeps them in a code page that it names badly or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from extract_msg import MSGFile
from extract_msg.enums import PropertiesType
from extract_msg.properties import PropertiesStore

# [MS-UCODEREF] / [MS-LCID]: the ANSI code page of a Windows locale, by its primary language.
LOCALE_PAGES = {
    0x01: 1256, 0x02: 1251, 0x05: 1250, 0x08: 1253, 0x0D: 1255, 0x0E: 1250, 0x11: 932, 0x12: 949, 0x15: 1250,
    0x18: 1250, 0x19: 1251, 0x1A: 1250, 0x1B: 1250, 0x1E: 874, 0x1F: 1254, 0x22: 1251, 0x23: 1251, 0x24: 1250,
    0x25: 1257, 0x26: 1257, 0x27: 1257, 0x2A: 1258,
}  # fmt: skip
CHINESE_PAGES = {0x0404: 950, 0x0804: 936, 0x0C04: 950, 0x1004: 936, 0x1404: 950}
# Code pages of the Internet kind, by their number in Windows, as Python names them.
INTERNET_PAGES = {
    20127: "ascii", 20866: "koi8_r", 21866: "koi8_u", 20932: "euc_jp", 51932: "euc_jp", 51949: "euc_kr",
    50220: "iso2022_jp", 50221: "iso2022_jp_ext", 50222: "iso2022_jp_ext", 50225: "iso2022_kr", 52936: "hz",
    54936: "gb18030", 65000: "utf-7", 65001: "utf-8", 10000: "mac_roman", 1200: "utf-16-le",
}  # fmt: skip

MESSAGE_CODEPAGE, LOCALE, INTERNET_CODEPAGE = 0x3FFD, 0x3FF1, 0x3FDE


def codec(page: int | None) -> str | None:
    """Python's codec for a Windows code page number."""
    if not page:
        return None
    if page in INTERNET_PAGES:
        return INTERNET_PAGES[page]
    if 28591 <= page <= 28606:
        return f"iso8859_{page - 28590}"
    return f"cp{page}" if 0 < page < 20000 else None


class Storage:
    """One object of the file, a message, a recipient or an attachment, and its properties by their tag."""

    def __init__(self, file: MSGFile, path: str = "", kind: PropertiesType = PropertiesType.MESSAGE) -> None:
        self.file, self.path = file, path
        table = self.stream("__properties_version1.0")
        try:
            self._table: PropertiesStore | None = PropertiesStore(table, kind) if table else None
        except Exception:  # a damaged table raises many kinds; streams are read without it
            self._table = None

    def stream(self, name: str) -> bytes | None:
        """The bytes of a stream of this object; None where there is none or it is damaged."""
        path = f"{self.path}/{name}" if self.path else name
        try:
            return self.file.getStream(path) if self.file.exists(path) else None
        except Exception:  # olefile raises several kinds on a damaged chain of sectors
            return None

    def value(self, tag: int, kind: int) -> Any:
        """A property of fixed size, by its id and type; None where absent."""
        if self._table is None:
            return None
        try:
            return self._table.getValue(f"{tag:04X}{kind:04X}")
        except Exception:  # a value that its type cannot hold
            return None

    def number(self, tag: int) -> int | None:
        """A property of type PtypInteger32."""
        found = self.value(tag, 0x0003)
        return found if isinstance(found, int) else None

    def flag(self, tag: int) -> bool:
        """A property of type PtypBoolean."""
        return bool(self.value(tag, 0x000B))

    def time(self, tag: int) -> datetime | None:
        """A property of type PtypTime, in UTC; Outlook's "no date" (the year 4501) is None."""
        found = self.value(tag, 0x0040)
        if not isinstance(found, datetime) or not 1900 < found.year < 4500:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def binary(self, tag: int) -> bytes | None:
        """A property of type PtypBinary."""
        return self.stream(f"__substg1.0_{tag:04X}0102")

    def text(self, tag: int, codecs: tuple[str, ...] = ()) -> str:
        """A string property: Unicode, or bytes in the first of `codecs` in which they make sense."""
        wide = self.stream(f"__substg1.0_{tag:04X}001F")
        if wide is not None:
            return wide[: len(wide) & ~1].decode("utf-16-le", "replace").rstrip("\0")
        narrow = self.stream(f"__substg1.0_{tag:04X}001E")
        return decode(narrow, codecs).rstrip("\0") if narrow is not None else ""

    def codecs(self) -> tuple[str, ...]:
        """In which encodings this message's byte strings may be, the likeliest first.

        PidTagMessageCodepage says it, if it is there. Else the locale of the sender: strings are in the
        ANSI code page of his Windows, whereas the Internet code page (50220 = ISO-2022-JP) is only
        what the mail would be sent in.
        """
        locale = self.number(LOCALE) or 0
        pages = (
            self.number(MESSAGE_CODEPAGE),
            CHINESE_PAGES.get(locale) or LOCALE_PAGES.get(locale & 0x3FF),
            65001,
            self.number(INTERNET_CODEPAGE),
        )
        return tuple(dict.fromkeys(c for page in pages if (c := codec(page)) and c != "utf-16-le"))

    def children(self, prefix: str) -> Iterator[str]:
        """The paths of the storages directly below this one whose name begins with `prefix`, in order."""
        depth = self.path.count("/") + 1 if self.path else 0
        try:
            listed = self.file.listDir(includePrefix=True)
        except Exception:  # a damaged directory
            return
        names = {tuple(path[: depth + 1]) for path in listed if len(path) > depth + 1}
        for path in sorted(names):
            joined = "/".join(path)
            if path[-1].lower().startswith(prefix) and joined.startswith(self.path):
                yield joined


def decode(data: bytes, codecs: tuple[str, ...]) -> str:
    """`data` in the first of `codecs` that can read it, else in the last resort, cp1252."""
    for name in codecs:
        try:
            return data.decode(name)
        except (UnicodeError, LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")
