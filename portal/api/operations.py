"""What each address of the API does, said beside the function that does it; openapi.py makes the description of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
Schema = Mapping[str, Any]

PROBLEMS = {
    401: "Nobody is signed in: send a bearer token.",
    403: "It can be seen, but not changed by this user.",
    404: "It is not there, or not to be seen by this user: the very same answer.",
    405: "The address does not take this method.",
    409: "Something stands in the way: a name is taken, a case is closed already, others use it.",
    412: "Somebody else changed it meanwhile (If-Match names an older version); nothing was written.",
    413: "The body is too large.",
    415: "The body is of another content type than the one described.",
    422: "Something was refused; `errors` names each field and the reason.",
    423: "Somebody holds it; the detail says who.",
    428: "If-Match is missing.",
    429: "Too many tries; wait.",
    503: "It takes longer than anybody may keep the database, and was stopped; nothing was changed.",
    507: "There is no room left.",
}
READ_PROBLEMS, WRITE_PROBLEMS = (401, 404, 503), (401, 403, 404, 413, 415, 422, 503)


@dataclass(frozen=True)
class Operation:
    """One method of one address; its fields are the parameters of `operation`."""

    summary: str
    answers: Mapping[int, Schema | None]
    tag: str
    description: str = ""
    body: Schema | None = None
    body_type: str = "application/json"
    body_required: bool = True
    answer_type: str = "application/json"
    parameters: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[int] = field(default=READ_PROBLEMS)


def operation(
    *,
    summary: str,
    tag: str,
    answers: Mapping[int, Schema | None],
    description: str = "",
    body: Schema | None = None,
    body_type: str = "application/json",
    body_required: bool = True,
    answer_type: str = "application/json",
    parameters: Sequence[Mapping[str, Any]] = (),
    problems: Sequence[int] = (),
) -> Callable[[View], View]:
    """Describe a view of the API for `/api/v1/openapi.json`. Stands between the route and the function:

        @blueprint.post("/cases/<int:case_id>/actions/task")
        @operation(summary="Make a task on a case", tag="cases", body=…, answers={201: ref("Item.activities")})
        def task(case_id): …

    `answers`: status → JSON schema of the body, None where there is none. `problems`: error statuses beyond those
    that every reading (401, 404, 503) or, with a body, writing operation has (403, 413, 415, 422). Path parameters are
    found in the address; `parameters` are the others, as `query(…)` and `header(…)` make them.
    """
    usual = WRITE_PROBLEMS if body is not None else READ_PROBLEMS
    described = Operation(
        summary,
        answers,
        tag,
        description,
        body,
        body_type,
        body_required,
        answer_type,
        parameters,
        sorted({*usual, *problems}),
    )

    def keep(view: View) -> View:
        view.operation = described  # type: ignore[attr-defined]
        return view

    return keep


def ref(name: str) -> Schema:
    """The schema that components name so: `Item.cases`, `Problem`, …"""
    return {"$ref": f"#/components/schemas/{name}"}


def query(name: str, description: str, schema: Schema | None = None, *, required: bool = False) -> Mapping[str, Any]:
    """A parameter behind the question mark."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": required,
        "schema": schema or {"type": "string"},
    }


def header(name: str, description: str, *, required: bool = False) -> Mapping[str, Any]:
    """A request header."""
    return {
        "name": name,
        "in": "header",
        "description": description,
        "required": required,
        "schema": {"type": "string"},
    }


def answer_of(view: Any) -> Operation | None:
    """What was said of a view with `operation`."""
    return getattr(view, "operation", None)


def listed(schema: Schema) -> Schema:
    """`{"value": […]}`"""
    return {"type": "object", "required": ["value"], "properties": {"value": {"type": "array", "items": schema}}}


BINARY: Schema = {"type": "string", "format": "binary"}


def fields(properties: Mapping[str, Schema], *required: str) -> Schema:
    """An object of exactly these properties."""
    found: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


IF_MATCH = header("If-Match", 'The version that was seen: its ETag, as "3"; * for any.', required=True)
IF_MATCH_OPTIONAL = header("If-Match", "The version that was seen; without it, whichever stands.")
