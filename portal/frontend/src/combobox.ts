// An accessible combobox (WAI-ARIA Authoring Practices, list autocomplete with manual selection): used by the global
// search and by lookups, which say where the options come from and what choosing one means.
import { icon, make, newId, word } from "./page";

export interface Option {
  title: string;
  detail?: string | null;
  icon?: string | null;
  /** Where a press leads, for options that are links. */
  href?: string;
  choose: () => void;
}

export interface Source {
  /** The options for what was typed; rejects with AbortError when a newer question came. */
  find: (typed: string, signal: AbortSignal) => Promise<Option[]>;
  /** Ask also when nothing is typed. */
  whenEmpty?: boolean;
}

const PAUSE = 120;

export class Combobox {
  private readonly list: HTMLElement;
  private readonly said: HTMLElement;
  private options: Option[] = [];
  private at = -1;
  private asking?: AbortController;
  private timer = 0;

  constructor(
    private readonly input: HTMLInputElement,
    place: HTMLElement,
    private readonly source: Source,
  ) {
    this.list = make("div", { class: "options", id: newId("options"), role: "listbox", "aria-label": input.getAttribute("aria-label") ?? word("results"), hidden: true });
    this.said = make("span", { class: "visually-hidden", role: "status" });
    place.append(this.list, this.said);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id, autocomplete: "off" })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.ask());
    input.addEventListener("focus", () => source.whenEmpty && this.ask());
    input.addEventListener("click", () => source.whenEmpty && this.list.hidden && this.ask());
    input.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("focusout", (event) => {
      if (!place.contains(event.relatedTarget as Node | null)) this.close();
    });
    // Pressing on an option must not take the focus from the field.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  close(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  private ask(): void {
    clearTimeout(this.timer);
    const typed = this.input.value.trim();
    if (!typed && !this.source.whenEmpty) return this.close();
    this.timer = window.setTimeout(() => void this.fetch(typed), typed ? PAUSE : 0);
  }

  private async fetch(typed: string): Promise<void> {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    try {
      const options = await this.source.find(typed, asking.signal);
      if (!asking.signal.aborted) this.show(options);
    } catch {
      if (!asking.signal.aborted) this.close();
    }
  }

  private show(options: Option[]): void {
    this.options = options;
    this.at = -1;
    this.list.replaceChildren(...options.map((option, index) => this.row(option, index)));
    if (!options.length) this.list.append(make("div", { class: "options-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, word("nothing")));
    this.said.textContent = options.length ? word("found").replace("{count}", String(options.length)) : word("nothing");
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.input.removeAttribute("aria-activedescendant");
  }

  private row(option: Option, index: number): HTMLElement {
    const row = make(
      "div",
      { class: "option", role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false" },
      option.icon ? icon(option.icon) : null,
      make("span", { class: "option-title" }, option.title),
      option.detail ? make("span", { class: "option-detail" }, option.detail) : null,
    );
    row.addEventListener("click", (event) => {
      if (option.href && (event.ctrlKey || event.metaKey)) window.open(option.href, "_blank", "noopener");
      else this.choose(option);
    });
    row.addEventListener("mousemove", () => this.at !== index && this.move(index));
    return row;
  }

  private move(to: number): void {
    const count = this.options.length;
    if (!count) return;
    this.at = ((to % count) + count) % count;
    [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === this.at)));
    const current = this.list.children[this.at];
    if (!current) return;
    current.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", current.id);
  }

  private choose(option: Option): void {
    this.close();
    option.choose();
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) this.ask();
      else this.move(event.key === "ArrowDown" ? this.at + 1 : this.at < 0 ? this.options.length - 1 : this.at - 1);
    } else if (event.key === "Enter" && open && !event.ctrlKey && !event.metaKey) {
      const option = this.options[this.at];
      if (option) {
        event.preventDefault();
        this.choose(option);
      }
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }
}
