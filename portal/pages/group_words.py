"""What it means that a new item's form names no sales group: as lists/crm/ownership.py fills it in."""

from __future__ import annotations

from flask_babel import gettext as _

from ...lists.catalogue import ListDefinition


def when_empty(found: ListDefinition, default: str | None) -> str | None:
    """The words of the empty choice; None where there are none. `default`: the writer's own group."""
    has_company = found.has("company") and found.column("company").type.target == "relations"
    if found.follows == "case":
        words, alone = _("As the case or company, else %(group)s", group=default), _("As the case or company")
    elif has_company:
        words, alone = _("As the company, else %(group)s", group=default), _("As the company")
    else:
        words, alone = _("Your group: %(group)s", group=default), None
    return words if default else alone
