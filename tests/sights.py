"""Every page of the portal as people see it: who looks at which address, and what they open there.

For tests that look at all of them. Addresses name items by what they are good for (tests/demo_house.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from letters import a_mail
from playwright.sync_api import FilePayload, Page, Position, ViewportSize

from caseroom.portal.demo.people import PASSWORD

DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=360, height=740)
BOTH = (DESKTOP, PHONE)
TODAY = date.today().isoformat()

# Addresses that answer with no page of their own.
NO_PAGE = {
    "lists.count": "a number in the list's page",
    "list_colours.check": "a word beside a colour rule",
    "lists.suggest": "JSON",
    "grid.rows": "JSON",
    "bulk.show": "looked at where changing many rows leads to it",
    "search.proposals": "JSON",
    "styleguide.lookup": "JSON",
    "documents.download": "a file",
    "list_files.export": "a file",
    "list_export.show": "a file",
    "imports.refused": "a file",
    "imports.sample": "a part of the mapping's page",
    "items.download": "a file",
    "documents.uploaded": "a part of the upload page",
    "calendar.feed_of_user": "a calendar file",
    "outlook.manifest_file": "XML",
    "static": "files",
    "comments.people": "JSON",
    "mail.html_body": "the frame in a mail's page, where it is looked at",
}


@dataclass(frozen=True)
class Sight:
    """A page as somebody sees it; `then` does there what shows more of it (a menu, a refusal)."""

    address: str
    who: str | None = "north"
    then: Callable[[Page], Any] | None = None
    status: int = 200
    sizes: tuple[ViewportSize, ...] = BOTH
    what: str = ""

    @property
    def path(self) -> str:
        return self.address.partition("?")[0]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.address, f"as {self.who}", self.what]))


def press(*selectors: str) -> Callable[[Page], None]:
    """Press these, one after the other."""

    def act(page: Page) -> None:
        for selector in selectors:
            page.locator(selector).locator("visible=true").first.click()

    return act


def send(selector: str, *fields: str, **typed: str) -> Callable[[Page], None]:
    """Type into the named fields (or those that `fields` select) and send the form; the answer is the page to see."""

    def act(page: Page) -> None:
        selectors = fields or [f"main [name={name}]" for name in typed]
        for field, text in zip(selectors, typed.values(), strict=True):
            page.locator(field).fill(text)
        page.locator(selector).first.click()
        page.wait_for_load_state()

    return act


def refused(selector: str = "main [data-save]", **typed: str) -> Callable[[Page], None]:
    """Send the form and wait until the page says what is wrong."""

    def act(page: Page) -> None:
        send(selector, **typed)(page)
        page.locator(".error-summary, .field-error, .notice-danger").locator("visible=true").first.wait_for()

    return act


def suggested(selector: str, typed: str) -> Callable[[Page], None]:
    """Type until options are shown."""

    def act(page: Page) -> None:
        page.locator(selector).first.press_sequentially(typed)
        page.locator(".options .option").first.wait_for()
        page.keyboard.press("ArrowDown")

    return act


def changed_many(page: Page) -> None:
    """Change all that is found, and see what became of it."""
    page.locator("main [name='how.description']").select_option("set")
    page.locator("main [name=description]").fill(f"As of {TODAY}")
    page.locator("main [data-save]").click()
    page.locator("#bulk").wait_for()


def in_grid(page: Page) -> None:
    """Choose cells of quick edit, where there is room for it."""
    if page.viewport_size == DESKTOP:
        page.locator(".grid td").first.click()
        page.keyboard.press("Shift+ArrowDown")


def in_fields(page: Page) -> None:
    """Open the fields of a cell with several parts."""
    page.locator(".grid tbody tr:nth-child(2) td:nth-of-type(2)").click()
    page.keyboard.press("F2")
    page.locator(".grid-popover").wait_for()


def deleting_rows(page: Page) -> None:
    """Choose more rows than are deleted without a question."""
    page.locator(".grid tbody th").first.click()
    page.locator(".grid tbody th").nth(5).click(modifiers=["Shift"])
    page.locator("[data-grid=remove]").click()
    page.locator("#grid-delete[open]").wait_for()


def pasted_wrong(page: Page) -> None:
    """Paste what is refused."""
    page.locator(".grid tbody tr:nth-child(2) td:nth-of-type(5)").click()
    page.keyboard.type("much")
    page.keyboard.press("Enter")
    page.locator("[data-grid=state][data-state=refused]").wait_for()


def panel(page: Page) -> None:
    """Open the first row's item beside the list."""
    beside_words = Position(x=2, y=2)  # in the cell's middle there may be a link of its own, by the day's data
    page.locator("tr[data-href] td:nth-child(2)").first.click(position=beside_words)
    page.locator("#panel-body h1, #panel-body h2").first.wait_for()


def dialog(selector: str) -> Callable[[Page], None]:
    """Open a form in the dialog."""

    def act(page: Page) -> None:
        press(selector)(page)
        page.locator("dialog[open] form:not([method=dialog])").first.wait_for()

    return act


def conflict(page: Page) -> None:
    """Edit in two tabs; the second to save is told."""
    other = page.context.new_page()
    other.goto(page.url)
    for tab, text in ((other, "Theirs"), (page, "Mine")):
        tab.locator("[name=description]").fill(f"{text} {TODAY} {id(tab)}")
        tab.locator("main [data-save]").click()
        tab.wait_for_load_state()
    other.close()
    page.locator("#conflict-title").wait_for()


def pane_signed_in(page: Page) -> None:
    """Sign in within the pane; it shows the open mail."""
    page.locator("#sign-in [name=email]").fill("north@demo.test")
    page.locator("#sign-in [name=password]").fill(PASSWORD)
    page.locator("#sign-in button").click()
    page.locator("#filing #places input").first.wait_for()


def pane_filed(page: Page) -> None:
    """File the mail from the pane."""
    pane_signed_in(page)
    page.locator("#filing button").last.click()
    page.locator("#filed-text").wait_for()


def where_it_belongs(page: Page) -> None:
    """Upload two messages, and be asked where each belongs."""
    sent = [a_mail(f"Question {number}", sender=f"person{number}@unknown.test") for number in (1, 2)]
    page.locator("main input[type=file]").set_input_files(
        [FilePayload(name=f"{number}.eml", mimeType="message/rfc822", buffer=one) for number, one in enumerate(sent)]
    )
    page.locator("main [data-save]").click()
    page.locator(".mail-asked").first.wait_for()


def open_frame(page: Page) -> None:
    """Let axe, which is a script, into the frame with the mail's text."""
    page.locator(".mail-body").evaluate("(frame) => { frame.removeAttribute('sandbox'); frame.src = frame.src; }")
    page.frame_locator(".mail-body").locator("body").wait_for()


def menu(name: str) -> Callable[[Page], None]:
    """Open this menu."""
    return press(f"[popovertarget='{name}']")


def choose_separation(page: Page) -> None:
    """Choose that each group sees its own only, and save: the page says first what this changes."""
    page.locator("main [name=separation][value=by_group]").check()
    page.locator("main [data-save]").click()
    page.locator("[name=confirmed]").wait_for()


def arranged(page: Page) -> None:
    """Another section, and a field that moves into it."""
    page.locator("#do-section").click()
    page.locator("[name=section]").nth(1).wait_for(state="attached")
    page.locator("[name=section-0-title-en]").fill("Person")
    page.locator(".arranged").first.locator("[id^=do-down-]").last.click()
    page.locator(".arranged").nth(1).locator("[name=column]").wait_for(state="attached")


SIGHTS = [
    Sight("/"),
    Sight("/", then=menu("create-menu"), sizes=(DESKTOP,), what="with the ＋ menu"),
    Sight("/", then=menu("create-sheet"), sizes=(PHONE,), what="with the ＋ sheet"),
    Sight("/", then=menu("user-menu"), what="with the user menu"),
    Sight("/", then=press(".bottom-bar [popovertarget='rail']"), sizes=(PHONE,), what="with the rail"),
    Sight("/", who="both", then=press("[data-rail-toggle]"), sizes=(DESKTOP,), what="with the rail folded"),
    Sight("/", then=suggested("#global-search", "st"), what="with suggestions"),
    Sight("/", who="south"),
    Sight("/", who="admin"),
    Sight("/account"),
    Sight("/account", then=refused("form[action$='/account/password'] button", current="wrong"), what="refused"),
    Sight("/sign-in", who=None),
    Sight("/sign-in", who=None, then=refused("main button", email="north@demo.test", password="wrong"), what="refused"),
    # Lists
    Sight("/lists"),
    *(Sight(f"/lists/papers?folder={one}") for one in ("{folder}", "all")),
    *(Sight(f"/lists/{name}") for name in ("relations", "contacts", "cases", "activities", "documents", "mails")),
    Sight("/lists/events"),
    Sight("/lists/products"),
    Sight("/lists/cases?view=all&f.status=closed&search=a&sort=-value"),
    Sight("/lists/cases?view=all", then=press(".filter-panel > summary", ".filter-group:nth-of-type(3) > summary"),
          what="with filters"),
    Sight("/lists/cases", then=panel, sizes=(DESKTOP,), what="with the panel"),
    Sight("/lists/mails", then=panel, sizes=(DESKTOP,), what="with the panel"),
    Sight("/lists/documents", then=panel, sizes=(DESKTOP,), what="with the panel"),
    Sight("/lists/cases?view=all", then=press(".cell-check input"), sizes=(DESKTOP,), what="with a chosen row"),
    Sight("/lists/cases/bulk?all=1&state=view%3Dall"),
    Sight("/lists/cases/bulk?all=1&state=view%3Dall%26search%3Dtraining", then=changed_many, what="changed"),
    Sight("/lists/activities/bulk?all=1&do=delete"),
    Sight("/jobs"),
    Sight("/jobs?of=everybody", who="admin"),
    Sight("/lists/relations/grid", then=in_grid, what="with chosen cells"),
    Sight("/lists/cases/grid?view=all", then=pasted_wrong, sizes=(DESKTOP,), what="refused"),
    Sight("/lists/relations/grid?columns=name,address", then=in_fields, sizes=(DESKTOP,), what="with fields"),
    Sight("/lists/relations/grid?view=all", then=deleting_rows, sizes=(DESKTOP,), what="deleting"),
    Sight("/lists/relations", then=menu("list-more"), what="with its menu"),
    Sight("/lists/relations", then=menu("list-relations-sort"), sizes=(PHONE,), what="sorting"),
    Sight("/lists/relations?search=nowhere+to+be+found"),
    Sight("/lists/cases", who="templates", status=403, what="without a group"),
    Sight("/lists/cases?f.value.ge=much", what="with a filter that means nothing"),
    Sight("/lists/cases?group=stage,salesperson&totals=value:sum&sort=-value,name&f1.value.gt=1&f1.name.contains=a",
          what="grouped, with totals"),
    Sight("/lists/cases?group=stage&totals=value:sum&fold=1"),
    Sight("/lists/cases", then=menu("list-cases-stage"), sizes=(DESKTOP,), what="with a column's menu"),
    Sight("/lists/cases?view=board"),
    Sight("/lists/cases?view=board", then=press("[popovertarget^='move-']"), what="with a card's menu"),
    Sight("/lists/cases?kind=calendar&start=expected_close"),
    Sight("/lists/cases/menu/value?sort=-value"),
    Sight("/lists/cases/filters?f.status=closed"),
    Sight("/lists/cases/values/company"),
    Sight("/lists/cases/values/expected_close?f.expected_close=@this_month"),
    Sight("/lists/cases/conditions?f.value.gt=10&f1.status=new"),
    Sight("/lists/cases/choose-columns?sort=-value"),
    Sight("/lists/cases/choose-columns?show=1&column=value&of=value&place=1&width=wide", status=422, what="refused"),
    Sight("/lists/cases?widths=name:300,value:90&colours=red:+value+%3E+1000"),
    Sight("/lists/cases/colours?colours=red:+value+%3E+1000%0Ablue:+value+%3E+1"),
    Sight("/lists/cases/colours?formula=value+%3E&colour=red", status=422, what="refused"),
    Sight("/lists/cases/views", who="admin"),
    Sight("/lists/cases/views/new?state=sort%3D-value"),
    Sight("/lists/cases/views/new?state=sort%3D-value", then=refused(), what="refused"),
    Sight("/lists/cases/bin"),
    Sight("/lists/cases/bulk?do=discard&id={deleted_case}"),
    Sight("/bin"),
    Sight("/bin/second", who="admin"),
    Sight("/bin/second/empty/cases", who="admin"),
    Sight("/bin/second/purge?id=cases:{discarded_case}", who="admin"),
    Sight("/lists/products/bin", who="admin"),
    # Lists made and changed
    Sight("/lists", who="admin"),
    Sight("/lists", who="admin", then=menu("lists-more"), what="with its menu"),
    Sight("/lists/new", who="admin"),
    Sight("/lists/new", who="admin", then=refused(), what="refused"),
    Sight("/lists/bin", who="admin"),
    Sight("/lists/bin/{deleted_list}/purge", who="admin"),
    Sight("/lists/import", who="admin", then=refused(), what="refused"),
    Sight("/lists/relations/settings", who="admin"),
    Sight("/lists/products/settings", who="admin", then=choose_separation, what="telling what a separation changes"),
    Sight("/lists/relations/form", who="admin"),
    Sight("/lists/contacts/form", who="admin", then=arranged, what="arranged"),
    Sight("/lists/relations/types", who="admin"),
    Sight("/lists/relations/types/type", who="admin", then=refused(), what="refused"),
    Sight("/lists/products/new-column", who="admin"),
    *(Sight(f"/lists/products/new-column?type={kind}", who="admin") for kind in ("choice", "lookup", "calculated")),
    Sight("/lists/products/new-column?type=number", who="admin", then=refused(), what="refused"),
    Sight("/lists/relations/columns/status", who="admin"),
    Sight("/lists/relations/columns/fax/type?type=number", who="admin"),
    Sight("/lists/relations/columns/fax/delete", who="admin"),
    *(Sight(f"/lists/products/{what}", who="admin") for what in ("copy", "as-file", "remove")),
    Sight("/lists/new", status=403),
    # Imports
    Sight("/imports", who="admin"),
    Sight("/imports", status=403),
    Sight("/lists/products/imports", who="admin"),
    Sight("/lists/products/imports", who="admin", then=refused(), what="refused"),
    Sight("/imports/{new_import}/mapping", who="admin"),
    Sight("/imports/{tried_import}", who="admin"),
    Sight("/imports/{undone_import}", who="admin"),
    Sight("/imports/{undone_import}/delete", who="admin"),
    # Items
    Sight("/lists/contacts/{contact}"),
    Sight("/lists/activities/{activity}"),
    Sight("/lists/events/{event}"),
    Sight("/lists/contacts/{contact}", then=menu("item-more"), what="with its menu"),
    Sight("/lists/cases/{edited_case}/history"),
    Sight("/lists/cases/{edited_case}/compare?old=1"),
    Sight("/lists/cases/{case}/copy"),
    Sight("/lists/cases/{case}/rights?who=north", who="admin"),
    Sight("/lists/cases/{case}/rights?who=a", who="admin", what="asking who is meant"),
    Sight("/lists/cases/{case}/share"),
    Sight("/lists/cases/{case}/share", then=refused(), what="refused"),
    Sight("/lists/cases/{case}/delete"),
    Sight("/lists/cases/{case}/edit"),
    Sight("/lists/cases/{edited_case}/edit", then=conflict, what="in conflict"),
    Sight("/lists/relations/{company}/edit"),
    Sight("/lists/events/{event}/edit"),
    Sight("/lists/cases/new"),
    Sight("/lists/cases/new", then=refused(), what="refused"),
    Sight("/lists/cases/new?company={company}", then=suggested("#f-company", "st"), what="with a lookup's options"),
    Sight("/lists/relations/new", then=refused(), what="refused"),
    *(Sight(f"/lists/{name}/new") for name in ("contacts", "activities", "events")),
    # Companies and cases
    Sight("/lists/relations/{company}"),
    Sight("/lists/relations/{company}", then=press("label:has(#tab-facts)"), sizes=(PHONE,), what="facts"),
    Sight("/lists/relations/{company}", then=press("label:has(#tab-related)"), sizes=(PHONE,), what="what is open"),
    Sight("/lists/relations/{company}?kind=mails&log=call"),
    Sight("/lists/relations/{company}", then=menu("company-more"), what="with its menu"),
    Sight("/lists/cases/{case}"),
    Sight("/lists/cases/{case}", then=press("label:has(#tab-facts)"), sizes=(PHONE,), what="facts"),
    Sight("/lists/cases/{case}", then=press("label:has(#tab-related)"), sizes=(PHONE,), what="what is open"),
    Sight("/lists/cases/{case}", then=dialog("[hx-get*='/task']"), what="with a dialog"),
    Sight("/lists/cases/{closed_case}"),
    Sight("/call"),
    *(Sight(f"/cases/{{case}}/{action}") for action in ("call", "task", "meeting", "email", "close")),
    Sight("/cases/{closed_case}/reopen"),
    *(Sight(f"/cases/{{case}}/{action}", then=refused(), what="refused") for action in ("task", "email", "close")),
    *(Sight(f"/relations/{{company}}/{action}") for action in ("call", "email")),
    # Documents
    Sight("/lists/documents/{document}"),
    Sight("/lists/documents/{document}", then=menu("document-more"), what="with its menu"),
    Sight("/lists/documents/{document}", who="admin"),
    Sight("/lists/documents/{taken_document}"),
    Sight("/lists/documents/{taken_document}", who="both"),
    Sight("/lists/documents/{taken_document}", who="admin"),
    Sight("/lists/documents/new"),
    Sight("/lists/documents/new?case={case}"),
    Sight("/cases/{case}/from-template"),
    Sight("/lists/templates", who="templates"),
    Sight("/lists/templates/{template}", who="templates"),
    # Mail
    Sight("/lists/mails/{mail}"),
    Sight("/lists/mails/{html_mail}", then=open_frame, what="with the text's frame"),
    Sight("/mail/file"),
    Sight("/mail/file", then=refused(), what="refused"),
    Sight("/mail/file", then=where_it_belongs, what="asking where"),
    # Calendar
    Sight("/calendar"),
    *(Sight(f"/calendar?view={view}&date={TODAY}") for view in ("month", "week", "agenda")),
    Sight("/calendar?view=agenda&date=2001-01-01&of=mine"),
    Sight("/calendar?view=week&of=groups", who="south"),
    Sight("/calendar?view=month", then=press("#subscribe > summary"), what="subscribing"),
    # Comments, notices, alerts
    Sight("/lists/cases/{case}/comments"),
    Sight("/lists/contacts/{contact}/comments",
          then=send("form:has(#comment-text) [data-save]", "#comment-text", text="See @Both")),
    Sight("/notices"),
    Sight("/alerts"),
    Sight("/alerts/{alert}"),
    Sight("/alerts/{alert}/end"),
    Sight("/alerts", who="admin"),
    Sight("/alerts?of=everybody", who="admin"),
    Sight("/lists/cases/alert"),
    Sight("/lists/cases/alert?item={case}"),
    # Search
    Sight("/search"),
    Sight("/search?q=ponuka"),
    Sight("/search?q=ponuka&list=documents"),
    Sight("/search?q=quetzalcoatlus"),
    # Administration
    Sight("/admin", who="admin"),
    Sight("/admin/users", who="admin"),
    Sight("/admin/users/{user}", who="admin"),
    Sight("/admin/users/{colleague}", who="admin", then=send("form[action$='/password'] button"), what="password made"),
    Sight("/admin/users/new", who="admin"),
    Sight("/admin/users/new", who="admin", then=refused("main form [type=submit]"), what="refused"),
    Sight("/admin/organisation", who="admin"),
    Sight("/admin/status", who="admin"),
    # Errors
    Sight("/nowhere", status=404),
    Sight("/lists/cases/999999", status=404),
    Sight("/lists/sales_groups/new", status=403),
    Sight("/admin", status=403),
    # What only developers see, and the pane in Outlook
    Sight("/styleguide"),
    Sight("/styleguide", then=menu("new-case"), what="with a menu"),
    Sight("/styleguide", then=press("[data-dialog='sample-dialog']"), what="with a dialog"),
    Sight("/styleguide", then=press(".cell-check input[name=id]"), what="with a selected row"),
    Sight("/styleguide/item/1"),
    Sight("/styleguide/error"),
    Sight("/styleguide/sign-in", who=None),
    Sight("/outlook/taskpane", who=None),
    Sight("/outlook/taskpane", who=None, then=pane_signed_in, what="with a mail"),
    Sight("/outlook/taskpane", who=None, then=pane_filed, what="with a filed mail"),
]  # fmt: skip
