// <cr-people url="…"> around a text: behind an @ colleagues are offered by name. `url` answers ?q= with
// [{title, detail, insert, reads}]; who may not read the item is offered all the same, and said to be so.
import { make, newId, word } from "./page";
import { getJson } from "./server";

interface Person {
  title: string;
  detail?: string | null;
  insert: string;
  reads: boolean;
}

const PAUSE = 120;
const BEGUN = /(?:^|[\s(])@([^\s@][^@\n]{0,40}|)$/;

class People extends HTMLElement {
  private text!: HTMLTextAreaElement;
  private list!: HTMLElement;
  private said!: HTMLElement;
  private people: Person[] = [];
  private at = -1;
  private timer = 0;
  private asking?: AbortController;

  connectedCallback(): void {
    const text = this.querySelector("textarea");
    if (!text || this.list) return;
    this.text = text;
    this.list = make("div", { class: "options", id: newId("people"), role: "listbox", "aria-label": word("people"), hidden: true });
    this.said = make("span", { class: "visually-hidden", role: "status" });
    this.append(this.list, this.said);
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-controls", this.list.id);
    text.addEventListener("input", () => this.ask());
    text.addEventListener("keydown", (event) => this.key(event));
    text.addEventListener("blur", () => this.close());
    // Pressing on a name must not take the focus from the text.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  /** What stands between the @ and the caret; null where no name is being written. */
  private begun(): string | null {
    return BEGUN.exec(this.text.value.slice(0, this.text.selectionStart))?.[1] ?? null;
  }

  private ask(): void {
    clearTimeout(this.timer);
    const begun = this.begun();
    if (begun === null) return this.close();
    this.timer = window.setTimeout(() => void this.fetch(begun), PAUSE);
  }

  private async fetch(begun: string): Promise<void> {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    try {
      const address = new URL(this.getAttribute("url") ?? "", location.href);
      address.searchParams.set("q", begun);
      const people = await getJson<Person[]>(address, asking.signal);
      if (!asking.signal.aborted) this.show(people);
    } catch {
      if (!asking.signal.aborted) this.close();
    }
  }

  private show(people: Person[]): void {
    if (!people.length) return this.close();
    this.people = people;
    this.list.replaceChildren(...people.map((person, index) => this.row(person, index)));
    this.list.hidden = false;
    this.said.textContent = word("found").replace("{count}", String(people.length));
    this.move(0);
  }

  private row(person: Person, index: number): HTMLElement {
    const detail = person.reads ? person.detail : [person.detail, word("cannotSee")].filter(Boolean).join(" · ");
    const row = make(
      "div",
      { class: person.reads ? "option" : "option is-unable", role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false" },
      make("span", { class: "option-title" }, person.title),
      detail ? make("span", { class: "option-detail" }, detail) : null,
    );
    row.addEventListener("click", () => this.choose(person));
    return row;
  }

  private move(to: number): void {
    const count = this.people.length;
    this.at = ((to % count) + count) % count;
    [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === this.at)));
    this.text.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
  }

  private choose(person: Person): void {
    const begun = this.begun() ?? "";
    const end = this.text.selectionStart;
    this.text.setRangeText(`${person.insert} `, end - begun.length, end, "end");
    this.close();
    this.text.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private close(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.people = [];
    this.text.removeAttribute("aria-activedescendant");
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing || this.list.hidden) return;
    const person = this.people[this.at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.move(this.at + (event.key === "ArrowDown" ? 1 : -1));
    else if ((event.key === "Enter" || event.key === "Tab") && person && !event.ctrlKey && !event.metaKey) this.choose(person);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("cr-people", People);
