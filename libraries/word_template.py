"""How a Word template's Jinja is read: docxtpl in a sandbox, with plain data and nothing else in reach."""

from __future__ import annotations

import re
from typing import Any

import jinja2
from docxtpl import DocxTemplate
from jinja2.sandbox import ImmutableSandboxedEnvironment

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})


class PlainData(ImmutableSandboxedEnvironment):
    """A sandbox in which a dot on a dict means its key, never a method, and None has empty fields."""

    # Multiplying is left to run time, where the child's limits hold.
    intercepted_binops = frozenset(("*", "**"))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The key of a dict; nothing of None; of other values what the sandbox allows."""
        if obj is None:
            return None
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


def environment() -> PlainData:
    """A fresh environment: escaping on, unknown names an error, None printed as nothing."""
    return PlainData(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: "" if value is None else value,
    )


def as_jinja(tag: str) -> str:
    """A placeholder as Jinja alone would read it, without docxtpl's prefixes for rows and cells."""
    tag = " ".join(tag.translate(_QUOTES).split())
    if re.match(r"\{%-?\s*(vm|hm)\s*-?%\}", tag):
        return ""
    if merged := re.match(r"\{%-?\s*(?:colspan|cellbg)\s+(.*?)\s*-?%\}", tag):
        return f"{{{{ {merged[1]} }}}}"
    return re.sub(r"^(\{[{%#])(?:tr|tc|p|r) ", r"\1 ", tag)


class WordTemplate(DocxTemplate):
    """docxtpl with two corrections."""

    def render_footnotes(self, context: dict[str, Any], jinja_env: jinja2.Environment | None = None) -> None:
        """Fill the footnotes once; docxtpl does it once per section, and would run what values say."""
        document: Any = self.docx
        for part in document.part.package.parts:
            if part.content_type.endswith(".footnotes+xml"):
                source = self.patch_xml(part.blob.decode("utf-8"))
                part._blob = self.render_xml_part(source, part, context, jinja_env).encode("utf-8")

    def render_properties(self, context: dict[str, Any], jinja_env: jinja2.Environment | None = None) -> None:
        """Fill title, subject and the like unescaped, since python-docx escapes what it writes."""
        plain = environment()
        plain.autoescape = False
        super().render_properties(context, plain)
