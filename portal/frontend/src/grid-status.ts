// What quick edit says above its rows: how things stand, what can be done now, and which cells were refused.
import type { Store } from "./grid-store";
import { make } from "./page";

const MOST_TOLD = 12;
/** How things stand comes before what was said last. */
const PRESSING = ["saving", "unsaved", "offline", "signedOut", "refused"];

export class Status {
  private readonly words = JSON.parse(document.querySelector<HTMLTemplateElement>("#grid-words")?.content.textContent || "{}") as Record<string, string>;
  private said = "";

  constructor(
    private readonly root: HTMLElement,
    private readonly store: Store,
    private readonly go: (row: number, column: number) => void,
  ) {}

  part(name: string): HTMLElement {
    return this.root.querySelector(`[data-grid="${name}"]`) as HTMLElement;
  }

  say(key: string, values: Record<string, string | number> = {}): string {
    return Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, String(value)), this.words[key] ?? key);
  }

  /** Say something once; the next move takes it away. */
  tell(text: string): void {
    this.said = text;
    this.part("state").textContent = text;
  }

  forget(): void {
    this.said = "";
  }

  show(): void {
    const { store } = this;
    const state = this.part("state");
    const text = this.said && !PRESSING.includes(store.state) ? this.said : this.say(store.state);
    if (state.textContent !== text) state.textContent = text;
    state.dataset.state = store.state;
    for (const name of ["undo", "redo"] as const) (this.part(name) as HTMLButtonElement).disabled = !store.can(name);
    this.part("add").hidden = !store.mayAdd;
    this.part("remove").hidden = !store.rows.some((row) => row.editable && row.id !== null);
    this.part("retry").hidden = !["offline", "signedOut"].includes(store.state);
    this.part("discard").hidden = store.state !== "refused" && !(store.state === "offline" && store.hasUnsaved);
    this.showRefused();
  }

  private showRefused(): void {
    const box = this.part("refused");
    const { refusals, problem, refusedKind } = this.store;
    box.hidden = !refusals.length && !problem;
    const told = JSON.stringify([refusals, problem, refusedKind]);
    if (box.dataset.told === told) return;
    box.dataset.told = told;
    const list = make("ul", {});
    const places = new Map<string | number | null, number>(this.store.rows.flatMap((row, index): [string | number | null, number][] => [[row.key, index], [row.id, index]]));
    const columns = this.store.columns.map((column) => column.name);
    const placed = refusals.map((one) => ({ one, index: places.get(one.key ?? one.id) ?? -1, column: columns.indexOf(one.column) })).sort((a, b) => a.index - b.index || a.column - b.column);
    for (const { one, index, column } of placed.slice(0, MOST_TOLD)) {
      const where = [index < 0 ? "" : this.say("row", { number: index + 1 }), this.store.columns[column]?.label ?? one.column].filter(Boolean).join(", ");
      const text = where ? `${where}: ${one.message}` : one.message;
      const link = make("button", { type: "button", class: "button button-quiet" }, text);
      link.addEventListener("click", () => this.go(Math.max(index, 0), Math.max(column, 0)));
      list.append(make("li", {}, index < 0 ? text : link));
    }
    if (refusals.length > MOST_TOLD) list.append(make("li", {}, this.say("more", { count: refusals.length - MOST_TOLD })));
    const headings = { edit: this.say("refusedCells"), delete: this.say("notDeleted"), undo: this.say("undoRefused"), redo: this.say("undoRefused") };
    const heading = headings[refusedKind];
    box.replaceChildren(make("div", {}, make("strong", {}, problem || heading), list));
  }
}
