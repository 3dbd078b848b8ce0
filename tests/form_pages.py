"""Forms of items, and the pages on which administrators arrange them, read and sent as browsers do without scripts."""

from __future__ import annotations

import html
import re
from typing import Any

from house import Answer, Browser, House, token_of


class Admin:
    """An administrator's browser, who sends forms."""

    def __init__(self, house: House) -> None:
        self.client: Browser = house.client("admin")
        self.token = token_of(self.client.get("/lists/new").text)

    def get(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer.text[-2000:])
        return answer.text

    def send(self, address: str, status: int = 303, **form: Any) -> Answer:
        answer = self.client.post(address, data={**form, "csrf_token": self.token})
        assert answer.status_code == status, (answer.status_code, answer.text[-3000:])
        return answer


def fields(page: str) -> list[str]:
    """The names of a form's fields and the legends of its sections, as they stand."""
    there = page[page.index('<div class="fields">') :]
    found = re.findall(
        r'class="form-section"><legend>(.*?)</legend>|<(?:input|select|textarea)[^>]* name="(\w+)"', there
    )
    return list(dict.fromkeys(legend or name for legend, name in found))


def sent(page: str) -> dict[str, Any]:
    """What a browser would send of the arranging page."""
    chosen = re.findall(r'<select class="input" name="in".*?</select>', page, re.S)
    return {
        "section": re.findall(r'name="section" value="(\d+)"', page),
        "column": re.findall(r'name="column" value="(\w+)"', page),
        "was": re.findall(r'name="was" value="(\d*)"', page),
        "in": [re.findall(r'value="(\d*)" selected', one)[0] for one in chosen],
        **{
            name: html.unescape(value)
            for name, value in re.findall(r'name="(section-\d+-title-\w+)"[^>]* value="(.*?)"', page)
        },
    }
