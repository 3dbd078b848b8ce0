// The editor of a cell with several parts: the fields of the item's own form, laid over the cell.
import { type Begun, Editor, type Leave } from "./grid-editor";
import { FileChoice } from "./grid-files";
import type { Column, Typed } from "./grid-rows";
import { all, make } from "./page";

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** How the fields of one kind of column are filled, and what they say afterwards. */
interface Fields {
  fill: (value: unknown) => void;
  read: () => Typed | Promise<Typed>;
}

export interface Around {
  say: (key: string) => string;
  filesAddress: string;
}

export class FieldsEditor extends Editor {
  private readonly form = make("form", { class: "grid-fields", novalidate: true });
  private readonly fields: Fields;

  constructor(begun: Begun, around: Around) {
    super(begun, { class: "grid-popover", role: "dialog", "aria-label": begun.column.label, tabindex: "-1" });
    const template = document.querySelector<HTMLTemplateElement>(`template[data-grid-field="${CSS.escape(begun.column.name)}"]`);
    this.form.append(template?.content.cloneNode(true) ?? "");
    this.fields = fieldsOf(begun.column, this.form, around);
    this.fields.fill(begun.value);
    this.form.append(this.buttons(around));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.finish("stay");
    });
    this.place.append(this.form);
  }

  private buttons(around: Around): HTMLElement {
    const cancel = make("button", { type: "button", class: "button button-quiet" }, around.say("cancel"));
    cancel.addEventListener("click", () => this.end(null, "stay"));
    return make("div", { class: "cluster" }, make("button", { class: "button button-primary" }, around.say("take")), cancel);
  }

  protected focus(): void {
    this.form.querySelector("[data-orders] select")?.dispatchEvent(new Event("change", { bubbles: true }));
    const first = this.stops().find((one) => !(one instanceof HTMLButtonElement));
    first?.focus();
    if (!(first instanceof HTMLInputElement || first instanceof HTMLTextAreaElement) || first.type === "file") return;
    if (this.begun.typed === null) first.select();
    else first.value = this.begun.typed;
    first.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private stops(): HTMLElement[] {
    return all<HTMLElement>(this.form, ":is(input, textarea, select, button)").filter((one) => one.checkVisibility());
  }

  finish(leave: Leave): void {
    const read = this.fields.read();
    if (read instanceof Promise) void read.then((value) => this.keep(value, leave));
    else this.keep(read, leave);
  }

  private keep(value: Typed, leave: Leave): void {
    const before = this.begun.value ?? null;
    this.end(JSON.stringify(value.value) === JSON.stringify(before) ? null : value, leave);
  }

  protected key(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.isComposing || event.defaultPrevented) return;
    const { target } = event;
    const stops = this.stops();
    const isLine = target instanceof HTMLInputElement && !["file", "checkbox"].includes(target.type);
    if (event.key === "Escape") this.end(null, "stay");
    else if (event.key === "Enter" && (isLine || event.ctrlKey || event.metaKey)) this.finish("down");
    else if (event.key === "Tab" && target === (event.shiftKey ? stops[0] : stops.at(-1))) this.finish(event.shiftKey ? "left" : "right");
    else return;
    event.preventDefault();
  }
}

function fieldsOf(column: Column, form: HTMLFormElement, around: Around): Fields {
  if (column.kind === "participants") return people(column, form);
  if (column.kind === "attachment") return new FileChoice(form, around);
  return parts(column, form);
}

/** An address or a place: a text for each part. */
function parts(column: Column, form: HTMLFormElement): Fields {
  const controls = () => all(form, `[name^="${CSS.escape(`${column.name}-`)}"]`) as Control[];
  const part = (one: Control): string => one.name.slice(column.name.length + 1);
  return {
    fill: (value) => {
      for (const one of controls()) one.value = (value as Record<string, string> | null | undefined)?.[part(one)] ?? "";
    },
    read: () => {
      const filled = controls().filter((one) => one.value.trim());
      const words = filled.map((one) => (one instanceof HTMLSelectElement ? (one.selectedOptions[0]?.text ?? "") : one.value.trim()));
      return { text: words.join(", "), value: filled.length ? Object.fromEntries(filled.map((one) => [part(one), one.value.trim()])) : null };
    },
  };
}

type Participant = { user?: number; contact?: number; email?: string; answer?: string; title?: string };

/** Who takes part: colleagues, contacts, addresses; each keeps the answer that was given. */
function people(column: Column, form: HTMLFormElement): Fields {
  const selects = { user: select("users"), contact: select("contacts") };
  const emails = form.querySelector<HTMLTextAreaElement>(`[name="${CSS.escape(column.name)}-emails"]`);
  let before: Participant[] = [];

  function select(part: string): HTMLSelectElement | null {
    return form.querySelector(`[name="${CSS.escape(`${column.name}-${part}`)}"]`);
  }

  function choose(one: Participant, kind: "user" | "contact"): void {
    const id = String(one[kind] ?? "");
    let option = [...(selects[kind]?.options ?? [])].find((each) => each.value === id);
    if (id && !option) selects[kind]?.append((option = new Option(one.title, id)));
    if (id && option) option.selected = true;
  }

  return {
    fill: (value) => {
      before = (value ?? []) as Participant[];
      for (const one of before) for (const kind of ["user", "contact"] as const) choose(one, kind);
      if (emails) emails.value = before.flatMap((one) => one.email ?? []).join("\n");
    },
    read: () => {
      const chosen = (["user", "contact"] as const).flatMap((kind) => [...(selects[kind]?.selectedOptions ?? [])].map((option): Participant => ({ [kind]: Number(option.value), title: option.text })));
      const written = (emails?.value ?? "").split(/[\n,;]/).flatMap((line) => line.trim() || []).map((email): Participant => ({ email, title: email }));
      const now = [...chosen, ...written].map((one) => before.find((known) => known.user === one.user && known.contact === one.contact && known.email === one.email) ?? one);
      return { text: now.map((one) => one.title).join("; "), value: now.length ? now : null };
    },
  };
}
