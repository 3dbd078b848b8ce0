"""What a file really is, by its content and never by its name or by what the sender says.

Everything here reads a bounded number of bytes and unpacks a bounded amount, whatever the file claims.
Sources: ECMA-376 part 2 (packages), [MS-CFB], [MS-DOC] 2.5.2, [MS-XLS] 2.4.117, [MS-OFFCRYPTO] 2.3,
OpenDocument 1.3 part 2, ISO 32000 7.5.5 (PDF trailers).
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any

from ..lists.errors import Invalid
from . import packages

HEAD = 8192
TAIL = 65536
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Format:
    """What a file is: `kind` is a key of `KINDS`; `macros` and `encrypted` tell what it carries."""

    kind: str
    macros: bool = False
    encrypted: bool = False

    @property
    def media_type(self) -> str:
        """The media type to serve it with."""
        return KINDS[self.kind].media_type

    @property
    def label(self) -> str:
        """What people call it, such as `Word (.docx)`."""
        return KINDS[self.kind].label


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name for people, its media type and its extensions, the usual one first."""

    label: str
    media_type: str
    extensions: tuple[str, ...]


_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
KINDS = {
    "docx": Kind("Word (.docx)", _OOXML + "wordprocessingml.document", ("docx",)),
    "docm": Kind("Word with macros (.docm)", "application/vnd.ms-word.document.macroEnabled.12", ("docm",)),
    "dotx": Kind("Word template (.dotx)", _OOXML + "wordprocessingml.template", ("dotx",)),
    "dotm": Kind(
        "Word template with macros (.dotm)", "application/vnd.ms-word.template.macroEnabled.12", ("dotm",)
    ),
    "xlsx": Kind("Excel (.xlsx)", _OOXML + "spreadsheetml.sheet", ("xlsx",)),
    "xlsm": Kind("Excel with macros (.xlsm)", "application/vnd.ms-excel.sheet.macroEnabled.12", ("xlsm",)),
    "xlsb": Kind("Excel binary (.xlsb)", "application/vnd.ms-excel.sheet.binary.macroEnabled.12", ("xlsb",)),
    "xltx": Kind("Excel template (.xltx)", _OOXML + "spreadsheetml.template", ("xltx",)),
    "xltm": Kind(
        "Excel template with macros (.xltm)", "application/vnd.ms-excel.template.macroEnabled.12", ("xltm",)
    ),
    "pptx": Kind("PowerPoint (.pptx)", _OOXML + "presentationml.presentation", ("pptx", "ppsx", "potx")),
    "pptm": Kind(
        "PowerPoint with macros (.pptm)",
        "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
        ("pptm", "ppsm", "potm"),
    ),
    "doc": Kind("Word 97 (.doc)", "application/msword", ("doc", "dot")),
    "xls": Kind("Excel 97 (.xls)", "application/vnd.ms-excel", ("xls", "xlt")),
    "ppt": Kind("PowerPoint 97 (.ppt)", "application/vnd.ms-powerpoint", ("ppt", "pps")),
    "msg": Kind("Outlook (.msg)", "application/vnd.ms-outlook", ("msg",)),
    "office": Kind("Office (?)", "application/x-ole-storage", ()),
    "pdf": Kind("PDF (.pdf)", "application/pdf", ("pdf",)),
    "odt": Kind("OpenDocument (.odt)", _ODF + "text", ("odt",)),
    "ods": Kind("OpenDocument (.ods)", _ODF + "spreadsheet", ("ods",)),
    "odp": Kind("OpenDocument (.odp)", _ODF + "presentation", ("odp",)),
    "rtf": Kind("Rich Text (.rtf)", "application/rtf", ("rtf",)),
    "txt": Kind("text (.txt)", "text/plain", ("txt", "csv", "tsv", "log", "md")),
    "eml": Kind("e-mail (.eml)", "message/rfc822", ("eml",)),
    "html": Kind("HTML (.html)", "text/html", ("html", "htm", "xhtml")),
    "xml": Kind("XML (.xml)", "application/xml", ("xml",)),
    "svg": Kind("SVG (.svg)", "image/svg+xml", ("svg",)),
    "png": Kind("PNG (.png)", "image/png", ("png",)),
    "jpeg": Kind("JPEG (.jpg)", "image/jpeg", ("jpg", "jpeg")),
    "gif": Kind("GIF (.gif)", "image/gif", ("gif",)),
    "webp": Kind("WebP (.webp)", "image/webp", ("webp",)),
    "tiff": Kind("TIFF (.tif)", "image/tiff", ("tif", "tiff")),
    "bmp": Kind("BMP (.bmp)", "image/bmp", ("bmp",)),
    "zip": Kind("ZIP (.zip)", "application/zip", ("zip",)),
    "exe": Kind(
        "program (.exe)", "application/vnd.microsoft.portable-executable", ("exe", "dll", "scr", "com")
    ),
    "elf": Kind("program (ELF)", "application/x-executable", ()),
    "empty": Kind("0 bytes", "application/x-empty", ()),
    "unknown": Kind("?", "application/octet-stream", ()),
}
ALLOWED = ("docx", "xlsx", "doc", "xls", "pdf")

_MAGIC = (
    (b"MZ", "exe"),
    (b"\x7fELF", "elf"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
)
_OFFICE_NAMES = ("docx", "xlsx", "pptx", "docm", "xlsm", "pptm", "dotx", "xltx", "xlsb")


def examine(file: Path | IO[bytes], filename: str = "") -> Format:
    """What `file` (a path, or an open seekable file, which is left open) is by its content.

    `filename` decides nothing but what an encrypted Office file, whose content nobody can see, was called.
    Never raises for strange content; that is `Format("unknown")`.
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return examine(opened, filename)
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        return Format("empty")
    if head.startswith(OLE_MAGIC):
        return _ole(file, filename)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kind, macros, encrypted = packages.identify(file)
        return Format(kind, macros, encrypted)
    if head.lstrip(b"\xef\xbb\xbf\x00\t\n\f\r ").startswith(b"%PDF-"):
        return Format("pdf", encrypted=_pdf_is_encrypted(file))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Format("webp")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return Format(kind)
    return Format(_text_kind(head))


def check(found: Format, filename: str, allowed: Collection[str] = ALLOWED, *, macros: bool = False) -> None:
    """Raise `Invalid("file", …)` unless `found` is an allowed kind that bears its own name.

    `macros` allows macros inside an allowed kind (old .doc and .xls may have them).
    """
    wanted = ", ".join("." + KINDS[kind].extensions[0] for kind in allowed)
    extension = PurePath(filename).suffix.lower().removeprefix(".")
    name = PurePath(filename).name
    if found.kind == "empty":
        raise Invalid("file", "“%(name)s” is empty.", name=name)
    if found.kind == "unknown":
        raise Invalid(
            "file",
            "The content of “%(name)s” is of no known format. Allowed are: %(allowed)s.",
            name=name,
            allowed=wanted,
        )
    if extension not in KINDS[found.kind].extensions:
        raise Invalid(
            "file",
            "“%(name)s” is not what its name says: its content is %(found)s. Allowed are: %(allowed)s.",
            name=name,
            found=found.label,
            allowed=wanted,
        )
    if found.kind not in allowed:
        raise Invalid(
            "file",
            "“%(name)s” is %(found)s, which is not taken here. Allowed are: %(allowed)s.",
            name=name,
            found=found.label,
            allowed=wanted,
        )
    if found.macros and not macros:
        raise Invalid(
            "file", "“%(name)s” contains macros, which are not taken here. Save it without them.", name=name
        )


def _ole(file: IO[bytes], filename: str) -> Format:
    import olefile

    try:
        # Given an open file, olefile leaves it open.
        return _ole_format(olefile.OleFileIO(file), filename)
    # olefile raises whatever its reading of a damaged structure stumbles over.
    except Exception:
        return Format("unknown")


def _ole_format(ole: Any, filename: str) -> Format:
    if ole.exists("EncryptedPackage"):
        extension = PurePath(filename).suffix.lower().removeprefix(".")
        return Format(extension if extension in _OFFICE_NAMES else "office", encrypted=True)
    if ole.exists("WordDocument"):
        flags = struct.unpack("<H", ole.openstream("WordDocument").read(12)[10:])[0]
        return Format("doc", macros=ole.exists("Macros"), encrypted=bool(flags & 0x0100))
    for workbook in ("Workbook", "Book"):
        if ole.exists(workbook):
            encrypted = _xls_is_encrypted(ole.openstream(workbook).read(HEAD))
            return Format("xls", macros=ole.exists("_VBA_PROJECT_CUR"), encrypted=encrypted)
    if ole.exists("PowerPoint Document"):
        return Format("ppt", encrypted=ole.exists("EncryptedSummary"))
    if ole.exists("__properties_version1.0"):
        return Format("msg")
    return Format("unknown")


def _xls_is_encrypted(head: bytes) -> bool:
    """A FilePass record stands among the first ones of the globals, right after BOF or WriteProtect."""
    position = 0
    for _ in range(4):
        if position + 4 > len(head):
            break
        record, length = struct.unpack_from("<HH", head, position)
        if record == 0x002F:
            return True
        position += 4 + length
    return False


def _pdf_is_encrypted(file: IO[bytes]) -> bool:
    """Whether a trailer or cross-reference stream names an encryption dictionary."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - TAIL, 0))
    windows = [file.read(TAIL)]
    if starts := re.findall(rb"startxref\s+(\d{1,12})\s", windows[0]):
        file.seek(min(int(starts[-1]), size))
        windows.append(file.read(TAIL))
    return any(re.search(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)", window) for window in windows)


def _text_kind(head: bytes) -> str:
    text = _decoded(head)
    if text is None:
        return "unknown"
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        return "html"
    if start.startswith("<svg") or (start.startswith("<?xml") and "<svg" in start):
        return "svg"
    if start.startswith("<?xml"):
        return "html" if "<html" in start else "xml"
    names = re.findall(
        r"^([A-Za-z][A-Za-z0-9-]*):[ \t]?", re.split(r"\r?\n\r?\n", text, maxsplit=1)[0], re.MULTILINE
    )
    headers = {
        "from",
        "to",
        "subject",
        "date",
        "received",
        "message-id",
        "mime-version",
        "return-path",
        "content-type",
    }
    return "eml" if len(headers & {name.lower() for name in names}) >= 2 else "txt"


def _decoded(head: bytes) -> str | None:
    """The head as text, or None where it is no text: control characters betray binary data."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) & ~1].decode("utf-16", "replace")
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head):
        return None
    return head.decode("utf-8", "replace")
