"""What kind of item something is, of the kinds that its list has: a choice that says more of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import N_, Invalid
from .choices import ChoiceColumn, choice_value
from .options import Option


class ContentTypeColumn(ChoiceColumn):
    """One of `choices`, each of which may have a `form`, `required` columns and `defaults` of its own.

    At most one in a list, always called `content_type`; what it does is in content_types.py.
    """

    name = "content_type"
    choice_keys = ChoiceColumn.choice_keys | {"description", "form", "required", "defaults"}
    described = {"choices": Option("content_types", N_("Content types"))}

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        if options.get("default_formula") or not isinstance(options.get("default"), str | None):
            raise Invalid("default", "This is the value of one of the types.")

    @property
    def first(self) -> str | None:
        return next((value for value in self.values if value not in self.retired), None)

    def says(self, value: Any) -> dict[str, Any]:
        """What is said of one of the types."""
        for choice in self.options.get("choices", ()):
            if choice_value(choice) == value:
                return choice if isinstance(choice, dict) else {"value": choice}
        return {}
