"""Who the token belongs to: `/api/v1/me`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...lists import query
from ...lists.columns.references import LookupColumn
from ...lists.models import User
from ..request import actor, home, session
from .json import answer
from .operations import operation, ref

blueprint = Blueprint("api_me", __name__, url_prefix="/api/v1")


@blueprint.get("/me")
@operation(
    summary="Who I am",
    tag="me",
    answers={200: ref("Me")},
    description="The address of the calendar feed is secret: whoever has it reads this user's calendar.",
)
def me() -> ResponseReturnValue:
    who = actor()
    user = session().get_one(User, who.user_id)
    groups = query.many(session(), who, "sales_groups", sorted(who.groups), columns=["owner"])
    default = groups.get(who.default_group or 0)
    return answer(
        {
            "user": {
                "id": user.id,
                "name": user.name,
                "email": user.email,
                "language": who.language,
                "time_zone": who.time_zone,
            },
            "roles": sorted(who.roles),
            "groups": [_group(group) for _, group in sorted(groups.items())],
            "default_group": {"id": default.id, "title": default.title} if default else None,
            "calendar_feed": f"{home().settings.public_url}/calendar/feed/{user.feed_secret}.ics",
        }
    )


def _group(group: query.Item) -> dict[str, Any]:
    return {"id": group.id, "title": group.title, "owner": LookupColumn({"list": "owners"}).to_json(group["owner"])}
