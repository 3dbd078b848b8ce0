"""Where a message belongs: its company by the people in it, its case by the token of the mail that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..lists import filters, query
from ..lists.models import User
from ..lists.query import Item
from ..lists.rights import Actor, Level
from .case_tokens import CaseTokens
from .messages import Message

MOST_ADDRESSES = 50
MOST_CASES = 20
MOST_DOMAINS = 3
# Providers of private mailboxes: their domain says nothing of the firm.
FREEMAIL = frozenset(
    [
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "aol.com"),
        *("icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "fastmail.com", "zoho.com", "gmx.com"),
        *("gmx.de", "gmx.net", "web.de", "t-online.de", "freenet.de", "yahoo.de", "tutanota.com", "wp.pl", "o2.pl"),
        *("zoznam.sk", "azet.sk", "centrum.sk", "post.sk", "pobox.sk", "atlas.sk", "szm.sk", "seznam.cz", "email.cz"),
        *("centrum.cz", "volny.cz", "atlas.cz", "mail.ee", "hot.ee", "online.ee", "neti.ee", "suhtlus.ee"),
        *("mynet.com", "yandex.com", "yandex.ru", "mail.ru", "bk.ru", "inbox.ru", "list.ru", "rambler.ru"),
        *("onet.pl", "interia.pl", "freemail.hu", "citromail.hu"),
    ]
)


@dataclass(frozen=True)
class Suggestion:
    """Where a message may belong, as far as the actor may see it. `case`: the one that the message answers."""

    company: Item | None = None
    contact: Item | None = None
    case: Item | None = None
    cases: tuple[Item, ...] = ()


def suggest(session: Session, actor: Actor, message: Message, tokens: CaseTokens | None = None) -> Suggestion:
    """The company, contact and open cases of a message. Finds nothing that the actor may not read."""
    texts = [*reversed(message.references[-50:]), message.in_reply_to, message.message_id, message.subject]
    case = case_named_in(session, actor, texts, tokens) if tokens else None
    return suggest_for(session, actor, addresses_of(message), case=case)


def suggest_for(session: Session, actor: Actor, addresses: Sequence[str], *, case: Item | None = None) -> Suggestion:
    """The same for bare addresses, the sender's first; `case` where it is known already."""
    outside = _outside(session, addresses)
    contact = _with_address(session, actor, "contacts", outside)
    if case is not None:
        company = _company_of(session, actor, case)
        if contact is not None and (company is None or _company_of(session, actor, contact) != company):
            contact = None
    else:
        company = _company_of(session, actor, contact) if contact else None
        company = company or _with_address(session, actor, "relations", outside) or _by_domain(session, actor, outside)
    cases = open_cases(session, actor, company.id) if company else ()
    return Suggestion(company, contact, case, cases)


def open_cases(session: Session, actor: Actor, company_id: int) -> tuple[Item, ...]:
    """The company's open cases that the actor reads, the last changed first."""
    found = query.page(
        session, actor, "cases", where=filters.where(company=company_id, status="new"),
        order=[("modified", True)], columns=["company", "status", "modified"], limit=MOST_CASES,
    )  # fmt: skip
    return tuple(item for item in found.items if item.level >= Level.READ)


def addresses_of(message: Message) -> list[str]:
    """The addresses in a message, the sender's first, each once, in lower case."""
    people = [message.sender] if message.sender else []
    found = [one.address.strip().lower() for one in [*people, *message.recipients] if "@" in one.address]
    return list(dict.fromkeys(found))


def users_among(session: Session, addresses: Iterable[str]) -> list[int]:
    """Ids of the portal's users among these addresses (lower case)."""
    wanted = list(addresses)
    found: list[int] = []
    for start in range(0, len(wanted), 500):
        part = select(User.id).where(User.email.in_(wanted[start : start + 500]), User.active.is_(True))
        found += session.scalars(part.order_by(User.id))
    return found


def case_named_in(session: Session, actor: Actor, texts: Iterable[str | None], tokens: CaseTokens) -> Item | None:
    """The case that a soundly signed token in these texts names, if the actor reads it."""
    guid = tokens.read(texts)
    found = query.find(session, actor, "cases", filters.where(guid=guid)) if guid else None
    return found if found is not None and found.level >= Level.READ else None


def _outside(session: Session, addresses: Sequence[str]) -> list[str]:
    """The addresses that are not of this house: neither a user's nor in the users' own domains."""
    known = set(session.scalars(select(User.email).where(User.email.in_(addresses[:500])))) if addresses else set()
    return [one for one in addresses if one not in known][:MOST_ADDRESSES]


def _with_address(session: Session, actor: Actor, list_name: str, addresses: Sequence[str]) -> Item | None:
    """The item with one of these e-mail addresses; the earlier address counts more, then the older item."""
    if not addresses:
        return None
    # By its usual spelling the index finds an address; the first one, the sender's, is looked for in any spelling.
    exactly = filters.Compare(("email",), "in", [*addresses, *(one.capitalize() for one in addresses)])
    loosely = filters.field("email", "startswith", addresses[0])
    for where in (exactly, loosely):
        found = query.page(session, actor, list_name, where=where, order=[("id", False)], limit=200).items
        by_address = {(item["email"] or "").lower(): item for item in reversed(found)}
        for address in addresses:
            if address in by_address:
                return by_address[address]
    return None


def _by_domain(session: Session, actor: Actor, addresses: Sequence[str]) -> Item | None:
    """The one company whose e-mail or web address has the domain; several with the same one say nothing."""
    own = _domains_of_users(session)
    domains = dict.fromkeys(address.rpartition("@")[2] for address in addresses)
    telling = [domain for domain in domains if domain not in FREEMAIL and domain not in own and "." in domain]
    for domain in telling[:MOST_DOMAINS]:
        by_mail = filters.field("email", "endswith", "@" + domain)
        by_web = filters.field("web", "contains", domain)
        found = query.page(session, actor, "relations", where=filters.Or([by_mail, by_web]), limit=20).items
        fitting = [item for item in found if _has_domain(item, domain)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _has_domain(company: Item, domain: str) -> bool:
    host = (urlsplit(company["web"] or "").hostname or "").removeprefix("www.")
    return (company["email"] or "").lower().endswith("@" + domain) or host == domain or host.endswith("." + domain)


def _domains_of_users(session: Session) -> set[str]:
    """The house's own domains: those of its users."""
    domain = func.lower(User.email)
    return {
        str(email).rpartition("@")[2] for email in session.scalars(select(domain).distinct().limit(20_000))
    } - FREEMAIL


def _company_of(session: Session, actor: Actor, item: Item) -> Item | None:
    company = item["company"]
    return query.find(session, actor, "relations", filters.where(id=company.id)) if company else None
