// The field that lies over a cell while it is edited, by the column's kind.
import { Combobox, type Option } from "./combobox";
import { make } from "./page";
import type { Column, Typed } from "./grid-store";

interface Suggestion {
  id: number;
  title: string;
  detail: string | null;
}

/** Where the selection goes when the field is left. */
export type Leave = "stay" | "down" | "up" | "right" | "left" | "away";

export class Editor {
  readonly field: HTMLInputElement | HTMLTextAreaElement;
  private readonly place: HTMLElement;
  private chosen: Typed | null = null;
  private over = false;
  private byKey = true;

  /** `typed`: the letter that began it, which takes the old text's place; `done`: the value, or null to leave it as it was. */
  constructor(
    cell: HTMLElement,
    private readonly column: Column,
    text: string,
    typed: string | null,
    private readonly done: (value: Typed | null, leave: Leave) => void,
  ) {
    const attributes = { class: "input grid-input", "aria-label": column.label, autocomplete: "off", spellcheck: "false" };
    this.field = column.kind === "long" ? make("textarea", { ...attributes, rows: "4" }) : make("input", { ...attributes, type: "text" });
    this.field.value = typed ?? text;
    this.place = make("div", { class: "grid-editor" }, this.field);
    cell.append(this.place);
    if (this.field instanceof HTMLInputElement && (column.choices || column.suggest)) {
      new Combobox(this.field, this.place, { find: (words, signal) => this.find(words, signal), whenEmpty: true });
    }
    this.field.addEventListener("keydown", (event) => this.key(event as KeyboardEvent));
    this.place.addEventListener("pointerdown", () => (this.byKey = false));
    this.place.addEventListener("focusout", (event) => {
      if (!this.place.contains((event as FocusEvent).relatedTarget as Node | null)) this.finish("away");
    });
    this.field.focus();
    if (typed === null) this.field.select();
    else this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Keep what is typed. */
  finish(leave: Leave): void {
    const text = this.completed(this.field.value);
    this.end(this.chosen?.text === text ? this.chosen : { text }, leave);
  }

  /** The beginning of one choice stands for it. */
  private completed(text: string): string {
    const begun = plain(text);
    const fitting = begun && !this.column.many ? (this.column.choices ?? []).filter((one) => plain(one).startsWith(begun)) : [];
    return fitting.length === 1 && fitting[0] !== undefined ? fitting[0] : text;
  }

  private end(value: Typed | null, leave: Leave): void {
    if (this.over) return;
    this.over = true;
    this.place.remove();
    this.done(value, leave);
  }

  private key(event: KeyboardEvent): void {
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
    if (this.column.choices) {
      const typed = plain(words);
      const whole = this.column.choices.some((one) => plain(one) === typed);
      const fitting = whole ? this.column.choices : this.column.choices.filter((one) => plain(one).includes(typed));
      return fitting.map((title) => ({ title, choose: () => this.choose({ text: title }) }));
    }
    const last = this.column.many ? (words.split(";").pop() ?? "").trim() : words;
    const address = new URL(this.column.suggest ?? "", location.href);
    address.searchParams.set("q", last);
    const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const found = (await answer.json()) as Suggestion[];
    return found.map((one) => ({ title: one.title, detail: one.detail, choose: () => this.choose(this.meant(one, words)) }));
  }

  private meant(one: Suggestion, words: string): Typed {
    if (!this.column.many) return { text: one.title, id: one.id };
    return { text: [...words.split(";").slice(0, -1).map((word) => word.trim()), one.title].join("; ") };
  }

  private choose(value: Typed): void {
    this.chosen = value;
    this.field.value = value.text;
    if (this.column.many) this.field.focus();
    else this.finish(this.byKey ? "down" : "stay");
  }
}

const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
