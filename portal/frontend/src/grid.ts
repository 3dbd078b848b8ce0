// Quick edit: a list's rows as a grid with the keys of a spreadsheet (WAI-ARIA Authoring Practices, data grid).
import { readBlock, writeBlock, writeTable } from "./grid-clipboard";
import { type Begun, type Editor, type Leave, TextEditor } from "./grid-editor";
import { FieldsEditor } from "./grid-fields";
import type { Column, Edit, Row, Typed } from "./grid-rows";
import { Status } from "./grid-status";
import { Store } from "./grid-store";
import { make } from "./page";

/** So many rows are deleted without asking: the undo is near. */
const FEW = 3;
const WITH_FIELDS = ["address", "location", "participants", "attachment"];

interface Place {
  row: number;
  column: number;
}

class Grid {
  private readonly store: Store;
  private readonly status: Status;
  private readonly table = make("table", { class: "grid", role: "grid", "aria-multiselectable": "true" });
  private readonly head = this.table.createTHead();
  private readonly body = this.table.createTBody();
  private readonly scroll = make("div", { class: "grid-scroll" }, this.table);
  private readonly lines = new WeakMap<Row, HTMLTableRowElement>();
  private at: Place = { row: 0, column: 0 };
  private anchor: Place = { row: 0, column: 0 };
  private editor: Editor | null = null;
  private readonly sure = document.querySelector("#grid-delete") as HTMLDialogElement;
  private copied: { text: string; columns: Column[]; cells: Typed[][] } | null = null;
  private dragging: "cells" | "rows" | null = null;

  constructor(private readonly root: HTMLElement) {
    this.store = new Store(root.dataset.rows ?? "", root.dataset.write ?? "", (said) => this.show(said));
    this.status = new Status(root, this.store, (row, column) => this.select({ row, column }));
    this.table.classList.add("table");
    this.scroll.classList.add("table-scroll");
    this.table.setAttribute("aria-label", root.dataset.label ?? "");
    this.status.part("place").append(this.scroll);
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("mousedown", (event) => this.press(event));
    this.table.addEventListener("mouseover", (event) => this.drag(event));
    document.addEventListener("mouseup", () => (this.dragging = null));
    this.table.addEventListener("dblclick", (event) => (this.placeOf(event.target)?.column ?? -1) >= 0 && this.edit(null));
    for (const name of ["copy", "cut", "paste"] as const) this.table.addEventListener(name, (event) => this.clipboard(name, event));
    this.scroll.addEventListener("scroll", () => this.more());
    for (const name of ["scroll", "resize"]) addEventListener(name, () => this.follow(), { capture: true });
    this.onPress("undo", () => this.store.back("undo"));
    this.onPress("redo", () => this.store.back("redo"));
    this.onPress("retry", () => this.store.retry());
    this.onPress("discard", () => this.store.discard());
    this.onPress("remove", () => this.remove());
    this.sure.addEventListener("close", () => this.sure.returnValue === "delete" && this.removeNow());
    this.onPress("add", () => this.select({ row: this.blank(), column: this.firstWritable() }));
    addEventListener("beforeunload", (event) => this.store.hasUnsaved && event.preventDefault());
    void this.store.load();
  }

  private onPress(name: string, act: () => void): void {
    this.status.part(name).addEventListener("click", act);
  }

  // --- What is shown ---

  private show(said = ""): void {
    if (said) this.status.tell(this.status.say(said));
    const { store } = this;
    if (store.columns.length && !this.head.rows.length) this.showHead();
    if (store.mayAdd && store.columns.length && !store.rows.some((row) => row.id === null && !row.pending.size)) store.add();
    const wanted = store.rows.map((row) => this.line(row));
    const focused = this.table.contains(document.activeElement) && !this.editor;
    wanted.forEach((line, index) => this.body.rows[index] !== line && this.body.insertBefore(line, this.body.rows[index] ?? null));
    while (this.body.rows.length > wanted.length) this.body.deleteRow(-1);
    store.rows.forEach((row, index) => this.showLine(row, index));
    this.table.setAttribute("aria-rowcount", store.next ? "-1" : String(wanted.length + 1));
    this.at = this.within(this.at);
    this.anchor = this.within(this.anchor);
    this.mark();
    if (focused && !this.table.contains(document.activeElement)) this.cell(this.at)?.focus();
    this.status.show();
    this.more();
  }

  private showHead(): void {
    const row = this.head.insertRow();
    row.append(make("th", { scope: "col", class: "grid-number" }, make("span", { class: "visually-hidden" }, this.status.say("rowNumber"))));
    for (const column of this.store.columns) row.append(make("th", { scope: "col", class: column.number ? "number" : undefined, title: column.fixed ?? undefined }, column.label));
  }

  private line(row: Row): HTMLTableRowElement {
    const known = this.lines.get(row);
    if (known) return known;
    const line = make("tr", {}, make("th", { scope: "row", class: "grid-number" }));
    for (const column of this.store.columns) line.append(make("td", { role: "gridcell", tabindex: "-1", class: column.number ? "number" : undefined }));
    this.lines.set(row, line);
    return line;
  }

  private showLine(row: Row, index: number): void {
    const line = this.line(row);
    line.setAttribute("aria-rowindex", String(index + 2));
    line.classList.toggle("is-new", row.id === null);
    line.classList.toggle("is-going", row.going);
    line.classList.toggle("is-refused", row.refused.has(""));
    set(line.cells[0] as HTMLElement, "title", row.refused.get("") ?? null);
    const number = row.id === null ? "＋" : String(index + 1);
    if (line.cells[0] && line.cells[0].textContent !== number) line.cells[0].textContent = number;
    if (row.id === null) line.cells[0]?.setAttribute("aria-label", this.status.say("newRow"));
    else line.cells[0]?.removeAttribute("aria-label");
    this.store.columns.forEach((column, place) => this.showCell(row, column, line.cells[place + 1] as HTMLElement));
  }

  private showCell(row: Row, column: Column, cell: HTMLElement): void {
    const text = this.store.text(row, column);
    if (cell.textContent !== text) cell.textContent = text;
    const why = row.pending.has(column.name) ? this.store.why(row, column) : (row.refused.get(column.name) ?? null);
    const fixed = column.fixed ?? (row.editable ? null : this.status.say("readonlyRow"));
    set(cell, "aria-readonly", fixed ? "true" : null);
    set(cell, "aria-invalid", why ? "true" : null);
    set(cell, "title", why ?? fixed);
    cell.classList.toggle("is-pending", row.pending.has(column.name));
  }

  // --- Where one is ---

  private within(place: Place): Place {
    const clamp = (value: number, count: number): number => Math.max(0, Math.min(value, count - 1));
    return { row: clamp(place.row, this.store.rows.length), column: clamp(place.column, this.store.columns.length) };
  }

  private cell(place: Place): HTMLElement | undefined {
    return this.body.rows[place.row]?.cells[place.column + 1] as HTMLElement | undefined;
  }

  private placeOf(target: EventTarget | null): Place | null {
    const cell = (target as Element | null)?.closest?.<HTMLTableCellElement>("td, th");
    const row = cell?.parentElement as HTMLTableRowElement | null | undefined;
    return cell && row && this.body.contains(row) ? { row: row.sectionRowIndex, column: cell.cellIndex - 1 } : null;
  }

  private select(place: Place, extend = false): void {
    const before = this.store.rows[this.at.row];
    this.at = this.within(place);
    if (!extend) this.anchor = this.at;
    this.status.forget();
    this.mark();
    const cell = this.cell(this.at);
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (before && before !== this.store.rows[this.at.row]) this.store.leave(before);
    if (this.at.row >= this.store.rows.length - 5) this.more();
  }

  private get box(): { top: number; bottom: number; left: number; right: number } {
    const rows = [this.at.row, this.anchor.row].sort((a, b) => a - b) as [number, number];
    const columns = [this.at.column, this.anchor.column].sort((a, b) => a - b) as [number, number];
    return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] };
  }

  private mark(): void {
    for (const cell of this.body.querySelectorAll("[aria-selected=true]")) cell.removeAttribute("aria-selected");
    for (const cell of this.body.querySelectorAll('td[tabindex="0"]')) cell.setAttribute("tabindex", "-1");
    const { top, bottom, left, right } = this.box;
    for (let row = top; row <= bottom; row += 1) for (let column = left; column <= right; column += 1) this.cell({ row, column })?.setAttribute("aria-selected", "true");
    this.cell(this.at)?.setAttribute("tabindex", "0");
  }

  /** Fetch rows until what is to be seen is filled. */
  private more(): void {
    if (this.store.next && !this.store.isCutOff && this.scroll.scrollTop + this.scroll.clientHeight > this.scroll.scrollHeight - 600) void this.store.load();
  }

  private blank(): number {
    return this.store.rows.findIndex((row) => row.id === null && !row.pending.size);
  }

  private firstWritable(): number {
    return Math.max(0, this.store.columns.findIndex((column) => !column.fixed));
  }

  private press(event: MouseEvent): void {
    const place = this.placeOf(event.target);
    if (!place || event.button !== 0) return;
    event.preventDefault();
    this.editor?.finish("away");
    this.dragging = place.column < 0 ? "rows" : "cells";
    if (place.column < 0) this.selectRows(event.shiftKey ? this.anchor.row : place.row, place.row);
    else this.select(place, event.shiftKey);
  }

  private drag(event: MouseEvent): void {
    const place = this.dragging ? this.placeOf(event.target) : null;
    if (!place || (place.row === this.at.row && place.column === this.at.column)) return;
    if (this.dragging === "rows") this.selectRows(this.anchor.row, place.row);
    else if (place.column >= 0) this.select(place, true);
  }

  /** Whole rows, from one to the other; the focus is in the first column of the last. */
  private selectRows(from: number, to: number): void {
    this.anchor = { row: from, column: this.store.columns.length - 1 };
    this.select({ row: to, column: 0 }, true);
  }

  // --- Keys ---

  private key(event: KeyboardEvent): void {
    if (this.editor || event.isComposing || event.altKey || !this.placeOf(event.target)) return;
    if (this.command(event) || this.walk(event) || this.begin(event)) event.preventDefault();
  }

  private command(event: KeyboardEvent): boolean {
    if (!event.ctrlKey && !event.metaKey) return false;
    const key = event.key.toLowerCase();
    if (key === "z") this.store.back(event.shiftKey ? "redo" : "undo");
    else if (key === "y") this.store.back("redo");
    else if (key === "d") this.fillDown();
    else if (key === "-") this.remove();
    else if (key === "a") {
      this.anchor = { row: 0, column: 0 };
      this.select({ row: this.store.rows.filter((row) => row.id !== null).length - 1, column: this.store.columns.length - 1 }, true);
    } else return false;
    return true;
  }

  private walk(event: KeyboardEvent): boolean {
    const jump = event.ctrlKey || event.metaKey;
    const { row, column } = this.at;
    const last = { row: this.store.rows.length - 1, column: this.store.columns.length - 1 };
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / ((this.body.rows[0]?.offsetHeight ?? 0) || 32)) - 2);
    const steps: Record<string, Place> = {
      ArrowDown: { row: jump ? last.row : row + 1, column }, ArrowUp: { row: jump ? 0 : row - 1, column },
      ArrowRight: { row, column: jump ? last.column : column + 1 }, ArrowLeft: { row, column: jump ? 0 : column - 1 },
      Home: { row: jump ? 0 : row, column: 0 }, End: { row: jump ? last.row : row, column: last.column },
      PageDown: { row: row + page, column }, PageUp: { row: row - page, column },
    };
    const step = steps[event.key];
    if (step) this.select(step, event.shiftKey);
    else if (event.key === "Tab") return this.tab(event.shiftKey ? -1 : 1);
    else if (event.key === "Enter") event.shiftKey ? this.select({ row: row - 1, column }) : this.edit(null);
    else return false;
    return true;
  }

  /** The next cell; beyond the first and the last one leaves the grid. */
  private tab(step: number): boolean {
    const width = this.store.columns.length;
    const next = this.at.row * width + this.at.column + step;
    if (next < 0 || next >= this.store.rows.length * width) return false;
    this.select({ row: Math.floor(next / width), column: next % width });
    return true;
  }

  private begin(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey) return false;
    if (event.key === "F2") this.edit(null);
    else if (event.key === " " && event.shiftKey) this.selectRows(this.anchor.row, this.at.row);
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else if (event.key === "Escape") this.root.querySelector<HTMLElement>(".grid-keys summary")?.focus();
    else if (event.key.length === 1) this.edit(event.key);
    else return false;
    return true;
  }

  // --- Editing ---

  private fixedAt(row: Row | undefined, column: Column | undefined): string | null {
    if (row?.going) return this.status.say("going");
    return column?.fixed ?? (row?.editable === false ? this.status.say("readonlyRow") : null);
  }

  private edit(typed: string | null): void {
    const row = this.store.rows[this.at.row];
    const column = this.store.columns[this.at.column];
    const cell = this.cell(this.at);
    if (!row || !column || !cell || this.editor) return;
    const fixed = this.fixedAt(row, column);
    if (fixed) return this.status.tell(fixed);
    const begun: Begun = {
      column, typed, text: this.store.text(row, column), value: row.value(column),
      done: (value, leave) => this.edited(row, column, value, leave),
    };
    this.editor = WITH_FIELDS.includes(column.kind) ? new FieldsEditor(begun, { say: (key) => this.status.say(key), filesAddress: this.root.dataset.files ?? "" }) : new TextEditor(begun);
    this.editor.open(this.root, cell.getBoundingClientRect());
  }

  /** The editor stays over its cell; what is typed is kept when the cell goes out of sight. */
  private follow(): void {
    const cell = this.editor && this.cell(this.at)?.getBoundingClientRect();
    const frame = this.scroll.getBoundingClientRect();
    if (!this.editor || !cell) return;
    if (cell.bottom < frame.top || cell.top > frame.bottom) this.editor.finish("away");
    else this.editor.follow(cell);
  }

  private edited(row: Row, column: Column, value: Typed | null, leave: Leave): void {
    this.editor = null;
    if (value) this.store.edit([{ row, column, value }]);
    this.show();
    if (leave === "away") return;
    const { row: at, column: place } = this.at;
    const next: Record<string, Place> = { stay: this.at, down: { row: at + 1, column: place }, up: { row: at - 1, column: place } };
    if (leave === "right" || leave === "left") this.tab(leave === "right" ? 1 : -1) || this.select(this.at);
    else this.select(next[leave] ?? this.at);
  }

  private clear(): void {
    this.apply((row, column) => (this.fixedAt(row, column) ? null : { text: "" }));
  }

  private fillDown(): void {
    const { top, bottom } = this.box;
    const from = top === bottom ? top - 1 : top;
    const source = this.store.rows[from];
    if (!source) return;
    this.apply((row, column) => (row === source || this.fixedAt(row, column) ? null : this.copyOf(source, column)));
  }

  /** Files belong to their row: of them only the names are copied. */
  private copyOf(row: Row, column: Column): Typed {
    const text = this.store.text(row, column);
    return column.kind === "attachment" ? { text } : { text, value: row.value(column) };
  }

  private apply(value: (row: Row, column: Column) => Typed | null): void {
    const { top, bottom, left, right } = this.box;
    const edits: Edit[] = [];
    for (const row of this.store.rows.slice(top, bottom + 1)) {
      for (const column of this.store.columns.slice(left, right + 1)) {
        const typed = value(row, column);
        if (typed && !(row.id === null && !row.pending.size && !typed.text)) edits.push({ row, column, value: typed });
      }
    }
    this.store.edit(edits, true);
  }

  // --- Deleting rows ---

  private get chosen(): Row[] {
    const { top, bottom } = this.box;
    return this.store.rows.slice(top, bottom + 1).filter((row) => !row.going && (row.id !== null || row.pending.size));
  }

  private remove(): void {
    const { length } = this.chosen;
    const most = Number(this.root.dataset.mostRows);
    if (length > most) return this.status.tell(this.status.say("tooManyRows", { rows: most }));
    if (length <= FEW) return this.removeNow();
    this.sure.querySelector("[data-count]")!.textContent = this.status.say("howMany", { count: length });
    this.sure.returnValue = "";
    this.sure.showModal();
  }

  private removeNow(): void {
    const { top } = this.box;
    this.store.remove(this.chosen);
    this.anchor = this.at = this.within({ row: top, column: this.at.column });
    this.select(this.at);
  }

  // --- Copy and paste ---

  private clipboard(name: "copy" | "cut" | "paste", event: ClipboardEvent): void {
    if (this.editor || !event.clipboardData) return;
    event.preventDefault();
    if (name === "paste") return this.paste(event.clipboardData.getData("text/plain"));
    const { top, bottom, left, right } = this.box;
    const columns = this.store.columns.slice(left, right + 1);
    const cells = this.store.rows.slice(top, bottom + 1).map((row) => columns.map((column) => this.copyOf(row, column)));
    const block = cells.map((row) => row.map((cell) => cell.text));
    this.copied = { text: writeBlock(block), columns, cells };
    event.clipboardData.setData("text/plain", this.copied.text);
    event.clipboardData.setData("text/html", writeTable(block));
    if (name === "cut") this.clear();
    this.status.tell(this.status.say("copied", { count: block.length * (block[0]?.length ?? 0) }));
  }

  private paste(text: string): void {
    const given = readBlock(text);
    const own = this.copied?.text === text ? this.copied : null;
    const { top, bottom, left, right } = this.box;
    const single = given.length === 1 && given[0]?.length === 1;
    const block = single ? Array.from({ length: bottom - top + 1 }, () => Array<string>(right - left + 1).fill(given[0]?.[0] ?? "")) : given;
    const width = block[0]?.length ?? 0;
    const missing = top + block.length - this.store.rows.length;
    const most = { rows: Number(this.root.dataset.mostRows), cells: Number(this.root.dataset.mostCells) };
    if (left + width > this.store.columns.length) return this.status.tell(this.status.say("tooWide"));
    if (block.length > most.rows || block.length * width > most.cells) return this.status.tell(this.status.say("tooMuch", most));
    if (missing > 0 && !this.store.mayAdd) return this.status.tell(this.status.say("noAdd"));
    for (let more = 0; more < missing; more += 1) this.store.add();
    const edits = block.flatMap((cells, down) => cells.map((text, across): Edit => {
      const column = this.store.columns[left + across] as Column;
      const from = own?.columns[single ? 0 : across] === column ? own?.cells[single ? 0 : down]?.[single ? 0 : across] : undefined;
      return { row: this.store.rows[top + down] as Row, column, value: from ?? { text } };
    }));
    this.store.edit(edits, edits.length > 1);
    this.anchor = { row: top, column: left };
    this.select({ row: top + block.length - 1, column: left + width - 1 }, true);
    this.status.tell(this.status.say("pasted", { count: edits.length }));
  }
}

function set(element: HTMLElement, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const root = document.querySelector<HTMLElement>("#grid");
if (root && getComputedStyle(root).display !== "none") new Grid(root);
