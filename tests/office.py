"""Outlook's task pane in a browser: a stub in the place of Office.js."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

# What Office.js gives the pane: one open mail; `file` = whether Outlook is new enough to give it whole.
STUB = """
(() => {
  const mail = %s, kept = {};
  const done = (value) => ({ status: "succeeded", value });
  const item = {
    subject: mail.subject, from: { displayName: "Buyer", emailAddress: mail.from },
    to: [{ displayName: "North Ľ", emailAddress: "north@house.test" }], cc: [],
    dateTimeCreated: new Date("2026-11-02T09:00:00Z"), internetMessageId: "<one@tatra.test>",
    attachments: [{ id: "1", name: "ponuka č.docx", contentType: "application/octet-stream" }],
    body: { getAsync: (kind, call) => call(done("We take it. Ďakujem.")) },
    getAttachmentContentAsync: (id, call) => call(done({ format: "base64", content: mail.word })),
  };
  if (mail.raw) item.getAsFileAsync = (call) => call(done(mail.raw));
  window.Office = {
    EventType: { ItemChanged: "itemChanged" },
    onReady: () => Promise.resolve({}),
    context: {
      roamingSettings: {
        get: (name) => kept[name], set: (name, value) => { kept[name] = value; },
        remove: (name) => { delete kept[name]; }, saveAsync: () => {},
      },
      mailbox: { item, addHandlerAsync: () => {} },
    },
  };
})();
"""


def stub(**mail: Any) -> str:
    """The script: Outlook with this mail open (subject, from, word, raw)."""
    return STUB % json.dumps(mail)


def open_pane(page: Page, address: str, **mail: Any) -> list[str]:
    """Open the pane on a mail; answers a list in which its errors are collected."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.route(
        "https://appsforoffice.microsoft.com/**",
        lambda route: route.fulfill(body=stub(**mail), content_type="text/javascript"),
    )
    page.goto(f"{address}/outlook/taskpane")
    return errors
