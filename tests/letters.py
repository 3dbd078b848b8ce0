"""Messages and files made on the spot, for tests."""

from __future__ import annotations

import io
from email.message import EmailMessage
from email.policy import SMTP

import docx


def word_file(text: str = "An offer") -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(buffer)
    return buffer.getvalue()


def a_mail(
    subject: str = "About the offer", *, sender: str = "buyer@tatra.test", to: str = "north@house.test", bcc: str = "",
    text: str = "We take it.", html: str = "", attach: dict[str, bytes] | None = None, **fields: str,
) -> bytes:  # fmt: skip
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"], mail["Message-ID"] = "Mon, 02 Nov 2026 10:00:00 +0100", "<one@tatra.test>"
    if bcc:
        mail["Bcc"] = bcc
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, data in (attach or {}).items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()
