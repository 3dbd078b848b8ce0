"""ZIP packages, as Office and OpenDocument files are: looked into without unpacking more than is asked for.

Sources: ECMA-376 part 2 (Open Packaging Conventions), APPNOTE.TXT 4.3 (ZIP), OpenDocument 1.3 part 2.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from lxml import etree

DIRECTORY_LIMIT = 2 * 1024 * 1024
SMALL_PART = 1024 * 1024
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_MAIN_PARTS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml": "dotx",
    "application/vnd.ms-word.document.macroenabled.main+xml": "docm",
    "application/vnd.ms-word.template.macroenabledtemplate.main+xml": "dotm",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml": "xltx",
    "application/vnd.ms-excel.sheet.macroenabled.main+xml": "xlsm",
    "application/vnd.ms-excel.template.macroenabled.main+xml": "xltm",
    "application/vnd.ms-excel.sheet.binary.macroenabled.main": "xlsb",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml": "pptx",
    "application/vnd.ms-powerpoint.presentation.macroenabled.main+xml": "pptm",
    "application/vnd.ms-powerpoint.slideshow.macroenabled.main+xml": "pptm",
    "application/vnd.ms-powerpoint.template.macroenabled.main+xml": "pptm",
}
_MACRO_KINDS = {"docm", "dotm", "xlsm", "xltm", "xlsb", "pptm"}
_OPEN_DOCUMENT = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}


def identify(file: IO[bytes]) -> tuple[str, bool, bool]:
    """Kind, whether it has macros, whether it is encrypted; `zip` where it is no document."""
    try:
        with open_package(file) as package:
            if "mimetype" in package.namelist():
                return _open_document(package)
            kind = _MAIN_PARTS.get(main_part(package)[1], "zip")
            return kind, kind != "zip" and (kind in _MACRO_KINDS or _has_vba(package)), False
    except (
        zipfile.BadZipFile,
        etree.XMLSyntaxError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ):
        return "unknown", False, False


def open_package(file: IO[bytes]) -> zipfile.ZipFile:
    """The package in `file`; raises `zipfile.BadZipFile`, also for a directory larger than 2 MB."""
    if _directory_size(file) > DIRECTORY_LIMIT:
        raise zipfile.BadZipFile("its directory is too large")
    return zipfile.ZipFile(file)


def read_part(package: zipfile.ZipFile, name: str, limit: int = SMALL_PART) -> bytes:
    """The bytes of a part; raises `zipfile.BadZipFile` for more than `limit`, and unpacks no more."""
    try:
        entry = package.getinfo(name)
    except KeyError as absent:
        raise zipfile.BadZipFile(f"it has no {name}") from absent
    if entry.compress_type not in _PLAIN:
        raise zipfile.BadZipFile("its compression is not one that packages use")
    try:
        with package.open(entry) as part:
            content = part.read(limit + 1)
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as damage:
        raise zipfile.BadZipFile(f"{name} cannot be unpacked: {damage}") from damage
    if len(content) > limit:
        raise zipfile.BadZipFile(f"{name} is too large")
    return content


def parse(content: bytes) -> etree._Element:
    """The root of a small XML part; entities are not expanded and nothing is fetched."""
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def content_types(package: zipfile.ZipFile) -> dict[str, str]:
    """Part name (without leading slash) to content type in lower case, for each part of an Office package."""
    defaults: dict[str, str] = {}
    overrides: dict[str, str] = {}
    for entry in parse(read_part(package, "[Content_Types].xml")):
        if not isinstance(entry.tag, str):
            continue
        kind = entry.get("ContentType", "").lower()
        if entry.tag.endswith("}Default"):
            defaults[entry.get("Extension", "").lower()] = kind
        else:
            overrides[entry.get("PartName", "").lstrip("/").lower()] = kind
    return {
        name: overrides.get(name.lower(), defaults.get(posixpath.splitext(name)[1][1:].lower(), ""))
        for name in package.namelist()
    }


def main_part(package: zipfile.ZipFile) -> tuple[str, str]:
    """Name and content type of the part that the package's `officeDocument` relationship points to."""
    types = content_types(package) if "[Content_Types].xml" in package.namelist() else {}
    if not types or "_rels/.rels" not in types:
        return "", ""
    for relation in parse(read_part(package, "_rels/.rels")):
        if relation.get("Type", "").endswith("/officeDocument"):
            name = posixpath.normpath(posixpath.join("/", relation.get("Target", ""))).lstrip("/")
            return name, types.get(name, "")
    return "", ""


def parts_ending(package: zipfile.ZipFile, *endings: str) -> Iterator[str]:
    """The names of the parts whose content type ends so, such as `.comments+xml`, in the package's order."""
    return (name for name, kind in content_types(package).items() if kind.endswith(endings))


def _has_vba(package: zipfile.ZipFile) -> bool:
    return any(name.lower().endswith("vbaproject.bin") for name in package.namelist()) or any(
        parts_ending(package, ".vbaproject")
    )


def _open_document(package: zipfile.ZipFile) -> tuple[str, bool, bool]:
    kind = _OPEN_DOCUMENT.get(read_part(package, "mimetype", 200).decode("ascii", "replace").strip(), "zip")
    names = package.namelist()
    macros = any(name.startswith(("Basic/", "Scripts/")) for name in names)
    encrypted = "META-INF/manifest.xml" in names and b"encryption-data" in read_part(
        package, "META-INF/manifest.xml"
    )
    return kind, macros, encrypted


def _directory_size(file: IO[bytes]) -> int:
    """The size in bytes that the end records give to the central directory, ZIP64 looked through."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 65557, 0))
    tail = file.read()
    sizes = [_claimed_size(tail, found.start()) for found in re.finditer(rb"PK\x05\x06", tail)]
    if not sizes:
        raise zipfile.BadZipFile("it has no end record")
    # Readers differ in which end record they believe, so the largest claim counts.
    return max(sizes)


def _claimed_size(tail: bytes, at: int) -> int:
    if len(tail) < at + 22:
        return 0
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        if at < 76 or tail[at - 76 : at - 72] != b"PK\x06\x06":
            raise zipfile.BadZipFile("its ZIP64 end record is not where it belongs")
        return struct.unpack_from("<Q", tail, at - 36)[0]
    return struct.unpack_from("<L", tail, at + 12)[0]
