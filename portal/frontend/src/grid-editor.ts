// What lies over a cell while it is edited: a field for one line or several, with what may be chosen below it.
import { Combobox, type Option } from "./combobox";
import type { Column, Typed } from "./grid-rows";
import { make } from "./page";

interface Suggestion {
  id: number;
  title: string;
  detail: string | null;
}

/** Where the selection goes when the editor is left. */
export type Leave = "stay" | "down" | "up" | "right" | "left" | "away";

/** What is edited: the cell as it stands, and the letter that began it, which takes the old text's place. */
export interface Begun {
  column: Column;
  text: string;
  value: unknown;
  typed: string | null;
  /** The new value, or null to leave the cell as it was. */
  done: (value: Typed | null, leave: Leave) => void;
}

const MARGIN = 8;

/** An editor lies in the browser's top layer, so that no edge of the table cuts it off. */
export abstract class Editor {
  readonly place: HTMLElement;
  private over = false;

  constructor(
    protected readonly begun: Begun,
    attributes: Record<string, string>,
  ) {
    this.place = make("div", { popover: "manual", ...attributes });
    this.place.addEventListener("keydown", (event) => this.key(event));
    this.place.addEventListener("focusout", () => setTimeout(() => this.left()));
  }

  /** Keep what is typed. */
  abstract finish(leave: Leave): void;
  protected abstract key(event: KeyboardEvent): void;
  /** Where typing goes. */
  protected abstract focus(): void;

  open(root: HTMLElement, cell: DOMRect): void {
    root.append(this.place);
    this.place.showPopover();
    this.follow(cell);
    this.focus();
  }

  /** Lie where the cell is, but within the window. */
  follow(cell: DOMRect): void {
    const { style } = this.place;
    style.minWidth = `${cell.width + 2}px`;
    this.place.classList.toggle("is-low", cell.bottom > innerHeight / 2); // what may be chosen then stands above
    const { width, height } = this.place.getBoundingClientRect();
    style.left = `${Math.max(MARGIN, Math.min(cell.left - 1, innerWidth - width - MARGIN))}px`;
    style.top = `${Math.max(MARGIN, Math.min(cell.top - 1, innerHeight - height - MARGIN))}px`;
  }

  protected end(value: Typed | null, leave: Leave): void {
    if (this.over) return;
    this.over = true;
    this.place.remove();
    this.begun.done(value, leave);
  }

  /** Another window or a dialog does not end it. */
  private left(): void {
    const now = document.activeElement;
    if (!this.over && document.hasFocus() && !this.place.contains(now) && !now?.closest("dialog")) this.finish("away");
  }
}



/** A text, a choice or a lookup; formatted text as its source. */
export class TextEditor extends Editor {
  private readonly field: HTMLInputElement | HTMLTextAreaElement;
  private chosen: Typed | null = null;
  private byKey = true;

  constructor(begun: Begun) {
    super(begun, { class: "grid-editor" });
    const { column } = begun;
    const attributes = { class: "input grid-input", "aria-label": column.label, autocomplete: "off", spellcheck: "false" };
    const isLong = column.kind === "long" || column.kind === "rich_text";
    this.field = isLong ? make("textarea", { ...attributes, rows: "6" }) : make("input", { ...attributes, type: "text" });
    this.place.append(this.field);
    if (this.field instanceof HTMLInputElement && (column.choices || column.suggest)) {
      new Combobox(this.field, this.place, { find: (words, signal) => this.find(words, signal), whenEmpty: true });
    }
    this.place.addEventListener("pointerdown", () => (this.byKey = false));
  }

  protected focus(): void {
    const { typed, text, value } = this.begun;
    const isSource = this.begun.column.kind === "rich_text" && typeof value === "string";
    this.field.value = typed ?? (isSource ? value : text);
    this.field.focus();
    if (typed === null) this.field.select();
    else this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  finish(leave: Leave): void {
    const text = this.completed(this.field.value);
    if (this.begun.column.kind === "rich_text") return this.end(formatted(text, this.begun), leave);
    this.end(this.chosen?.text === text ? this.chosen : { text }, leave);
  }

  /** The beginning of one choice stands for it. */
  private completed(text: string): string {
    const { choices, many } = this.begun.column;
    const begun = plain(text);
    const fitting = begun && !many ? (choices ?? []).filter((one) => plain(one).startsWith(begun)) : [];
    return fitting.length === 1 && fitting[0] !== undefined ? fitting[0] : text;
  }

  protected key(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key === "Escape") this.end(null, "stay");
    else if (event.key === "Tab") this.finish(event.shiftKey ? "left" : "right");
    else if (event.key === "Enter" && !event.altKey) this.finish(event.shiftKey ? "up" : "down");
    else if (event.key === "Enter" && this.field instanceof HTMLTextAreaElement) this.field.setRangeText("\n", this.field.selectionStart, this.field.selectionEnd, "end");
    else return;
    event.preventDefault();
  }

  private async find(words: string, signal: AbortSignal): Promise<Option[]> {
    if (this.begun.column.choices) {
      const typed = plain(words);
      const whole = this.begun.column.choices.some((one) => plain(one) === typed);
      const fitting = whole ? this.begun.column.choices : this.begun.column.choices.filter((one) => plain(one).includes(typed));
      return fitting.map((title) => ({ title, choose: () => this.choose({ text: title }) }));
    }
    const last = this.begun.column.many ? (words.split(";").pop() ?? "").trim() : words;
    const address = new URL(this.begun.column.suggest ?? "", location.href);
    address.searchParams.set("q", last);
    const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const found = (await answer.json()) as Suggestion[];
    return found.map((one) => ({ title: one.title, detail: one.detail, choose: () => this.choose(this.meant(one, words)) }));
  }

  private meant(one: Suggestion, words: string): Typed {
    if (!this.begun.column.many) return { text: one.title, value: one.id };
    return { text: [...words.split(";").slice(0, -1).map((word) => word.trim()), one.title].join("; ") };
  }

  private choose(value: Typed): void {
    this.chosen = value;
    this.field.value = value.text;
    if (this.begun.column.many) this.field.focus();
    else this.finish(this.byKey ? "down" : "stay");
  }
}

const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

/** Text without a tag is taken as it reads: its lines stay lines. */
function formatted(text: string, begun: Begun): Typed | null {
  if (text === begun.value) return null;
  return /<\/?[a-z]/i.test(text) ? { text: new DOMParser().parseFromString(text, "text/html").body.textContent ?? "", value: text } : { text };
}
