"""Three hundred mails between contacts and salespeople, in threads, as RFC 5322 bytes."""

from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from . import clock, code_lists, texts
from .cases import group_by

Row = dict[str, Any]

TOTAL = 300

MEDIA_TYPES = {
    "docx": ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": ("application", "pdf"),
}

ANSWERS = [
    "thank you for the message. I have passed the papers about {product} on to our technicians.",
    "please send us the price for {product} with the installation included, as one sum.",
    "{product} looks fine. Could you also state the delivery time and the warranty?",
    "we have to move the decision on {product} by two weeks, the board meets later than planned.",
    "agreed. Please come on the proposed day; the gate needs your number plate one day ahead.",
    "two questions on {product}: does it work with our present cabinets, and who trains the operators?",
]
FURTHER = [
    "thank you for the quick answer. Both are included in the price, see the last line of the offer.",
    "I have asked our technicians: {product} fits the existing cabinets, no conversion is needed.",
    "I suggest a short call on Thursday at ten. The revised offer for {product} follows today.",
    "we hold the price for {product} until the end of the month. I have noted the new date.",
]
SLOVAK_ANSWERS = [
    "ďakujem za správu. Podklady k {product} som poslal kolegom z výroby, ozvem sa tento týždeň.",
    "prosím o cenu za {product} aj s montážou, vedenie chce vidieť jednu sumu.",
    "k {product} máme ešte dve otázky: termín dodania a dĺžka záruky.",
]


class Thread:
    """One exchange about a case; knows whose turn it is and the message answered."""

    def __init__(self, number: int, activity: Row, lists: dict[str, dict[str, Row]]) -> None:
        self.number, self.activity = number, activity
        self.case = lists["cases"][activity["case"]]
        self.contact = lists["contacts"][activity["contact"]]
        self.company = lists["relations"][activity["company"]]
        self.salesperson = lists["salespeople"][activity["salesperson"]]
        self.product = lists["products"][self.case["product"]]["name"]
        self.slovak = activity["description"].startswith("Dobrý")
        self.messages: list[EmailMessage] = []


def make_mails(rng: Random, now: datetime, lists: dict[str, list[Row]]) -> list[Row]:
    """The mails by date; besides its columns each has `message`, the .eml bytes.

    The first message of a thread is the one that an E-mail activity sent; answers come by return, none after
    the closing of the case or the present. `sender` and `recipients` are as they stand in the header.
    """
    by_key = {name: {row["key"]: row for row in rows} for name, rows in lists.items()}
    documents = group_by(lists["documents"], "case")
    written = [row for row in lists["activities"] if row["activity_type"] == "email"]
    rows: list[Row] = []
    for number, activity in enumerate(_in_order(rng, written, documents), start=1):
        thread = Thread(number, activity, by_key)
        rows += _exchange(rng, thread, now, documents.get(activity["case"], []))[: TOTAL - len(rows)]
        if len(rows) == TOTAL:
            break
    rows.sort(key=lambda row: (row["sent"], row["message_id"]))
    for number, row in enumerate(rows, start=1):
        row["key"] = f"m{number}"
    return rows


def _in_order(rng: Random, written: list[Row], documents: dict[str, list[Row]]) -> list[Row]:
    """The e-mail activities in chance order, some of those first that can have a document attached."""
    mixed = rng.sample(written, len(written))
    ready = [row for row in mixed if any(d["created"] <= row["created"] for d in documents.get(row["case"], []))]
    first = ready[: TOTAL // 6]
    return first + [row for row in mixed if row not in first]


def _exchange(rng: Random, thread: Thread, now: datetime, documents: list[Row]) -> list[Row]:
    """The rows of one thread of one to four messages."""
    sent = thread.activity["created"]
    end = thread.case["closed"] or now
    privacy = rng.choices(["everything", "subject", "existence"], [92, 5, 3])[0]
    rows = []
    for place in range(rng.choices([1, 2, 3, 4], [25, 35, 25, 15])[0]):
        if place:
            sent = clock.working_instant(rng, sent, _latest_answer(rng, sent), thread.case["zone"])
            sent = max(sent, rows[-1]["sent"] + timedelta(minutes=20))
        if sent > end - timedelta(minutes=place and 15):
            break
        ready = [row for row in documents if row["created"] <= sent]
        attached = rng.choice(ready) if ready and place % 2 == 0 and rng.random() < 0.75 else None
        message = _message(rng, thread, place, sent, attached)
        thread.messages.append(message)
        rows.append(_row(rng, thread, place, sent, min(end, now), message, privacy))
    return rows


def _latest_answer(rng: Random, sent: datetime) -> datetime:
    """Until when it is answered: some days later, and never on a weekend."""
    latest = sent + timedelta(days=rng.choice([1, 2, 4]))
    return latest + (clock.workday(latest.date()) - latest.date())


def _message(rng: Random, thread: Thread, place: int, sent: datetime, attached: Row | None) -> EmailMessage:
    """The message at `place` of the thread: even ones are the salesperson's, odd ones the contact's."""
    ours = place % 2 == 0
    sender, recipient = (thread.salesperson, thread.contact) if ours else (thread.contact, thread.salesperson)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = _address(sender), _address(recipient)
    message["Subject"] = ("Re: " if place else "") + thread.case["name"]
    zone = code_lists.GROUP_ZONE[thread.case["sales_group"]] if ours else thread.case["zone"]
    message["Date"] = format_datetime(sent.astimezone(ZoneInfo(zone)))
    host = sender["email"].split("@")[1]
    message["Message-ID"] = f"<{thread.number}.{place}.{rng.getrandbits(64):016x}@{host}>"
    if thread.messages:
        message["In-Reply-To"] = thread.messages[-1]["Message-ID"]
        message["References"] = " ".join(str(other["Message-ID"]) for other in thread.messages)
    message.set_content(_text(rng, thread, place, sender, recipient), cte="quoted-printable")
    if attached:
        main, sub = MEDIA_TYPES[attached["file_name"].rsplit(".", 1)[1]]
        message.add_attachment(attached["content"], maintype=main, subtype=sub, filename=attached["file_name"])
        # The library would draw a boundary from the global random numbers.
        message.set_boundary(f"part-{thread.number}-{place}-{rng.getrandbits(64):016x}")
    return message


def _text(rng: Random, thread: Thread, place: int, sender: Row, recipient: Row) -> str:
    signature = f"{texts.full_name(sender)}\n{sender.get('position') or sender['function']}\n{sender['mobile']}"
    if place == 0:
        # The note on the next step is for colleagues, not for the customer.
        body = thread.activity["description"].split(" Next: ")[0].split(" Ďalej: ")[0]
    else:
        pool = FURTHER if place % 2 == 0 else SLOVAK_ANSWERS if thread.slovak else ANSWERS
        body = rng.choice(pool).format(product=thread.product)
        if not (thread.slovak and place % 2):
            body = body[0].upper() + body[1:]
    slovak = thread.slovak and place < 2
    greeting = "Dobrý deň," if slovak else f"Dear {texts.full_name(recipient)},"
    body = body.removeprefix("Dobrý deň, ")
    text = f"{greeting}\n\n{body}\n\n{'S pozdravom' if slovak else 'Best regards'}\n{signature}\n"
    if place:
        previous = thread.messages[-1].get_body()
        lines = previous.get_content().splitlines() if previous else []
        text += "\n" + "\n".join(f"> {line}".rstrip() for line in lines if not line.startswith(">")) + "\n"
    return text


def _address(person: Row) -> Address:
    return Address(display_name=texts.full_name(person), addr_spec=person["email"])


def _row(rng: Random, thread: Thread, place: int, sent: datetime, latest: datetime, message: EmailMessage,
         privacy: str) -> Row:  # fmt: skip
    body = message.get_body()
    row = {
        "subject": str(message["Subject"]),
        "sender": str(message["From"]),
        "recipients": str(message["To"]),
        "sent": sent,
        "message_id": str(message["Message-ID"]),
        "text": body.get_content().replace("\r\n", "\n") if body else "",
        "company": thread.activity["company"],
        "case": thread.activity["case"],
        "activity": None if place else thread.activity["key"],
        "privacy": privacy,
        "message": message.as_bytes(),
    }
    row |= {column: thread.case[column] for column in ("owner", "sales_group", "shared_with")}
    row["salesperson"] = thread.activity["salesperson"]
    filed = min(sent + timedelta(minutes=rng.randint(1, 10)), latest)
    return clock.stamp(row, filed, thread.activity["user"])
