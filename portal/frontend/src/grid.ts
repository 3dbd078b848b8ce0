// Quick edit: a list's rows as a grid with the keys of a spreadsheet (WAI-ARIA Authoring Practices, data grid).
import { readBlock, writeBlock, writeTable } from "./grid-clipboard";
import { type Begun, type Editor, type Leave, TextEditor } from "./grid-editor";
import { FieldsEditor } from "./grid-fields";
import type { Column, Edit, Row, Typed } from "./grid-rows";
import { Status } from "./grid-status";
import { Store } from "./grid-store";
import { type Box, type Place, View } from "./grid-view";

/** So many rows are deleted without asking: the undo is near. */
const FEW = 3;
const WITH_FIELDS = ["address", "location", "participants", "attachment"];

class Grid {
  private readonly store: Store;
  private readonly status: Status;
  private readonly view: View;
  private at: Place = { row: 0, column: 0 };
  private anchor: Place = { row: 0, column: 0 };
  /** The rows of these two, which may move while others come and go. */
  private held: { at?: Row; anchor?: Row } = {};
  /** Where the last row is to be selected when all are here. */
  private goal: { column: number; extend: boolean } | null = null;
  private editor: Editor | null = null;
  private readonly sure = document.querySelector("#grid-delete") as HTMLDialogElement;
  private copied: { text: string; columns: Column[]; cells: Typed[][] } | null = null;
  private dragging: "cells" | "rows" | null = null;

  constructor(private readonly root: HTMLElement) {
    this.store = new Store(root.dataset.rows ?? "", root.dataset.write ?? "", (said) => this.show(said));
    this.status = new Status(root, this.store, (row, column) => this.select({ row, column }));
    this.view = new View(this.store, this.status, root.dataset.label ?? "");
    const { table, scroll } = this.view;
    this.status.part("place").append(scroll);
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("mousedown", (event) => this.press(event));
    table.addEventListener("mouseover", (event) => this.drag(event));
    document.addEventListener("mouseup", () => (this.dragging = null));
    table.addEventListener("dblclick", (event) => (this.view.placeOf(event.target)?.column ?? -1) >= 0 && this.edit(null));
    for (const name of ["copy", "cut", "paste"] as const) table.addEventListener(name, (event) => this.clipboard(name, event));
    scroll.addEventListener("scroll", () => this.draw());
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
    if (store.mayAdd && store.columns.length && !store.rows.some((row) => row.id === null && !row.pending.size)) store.add();
    this.at = this.within(this.now(this.at, this.held.at));
    this.anchor = this.within(this.now(this.anchor, this.held.anchor));
    this.hold();
    if (this.editor) this.reveal(); // rows that come above would push its cell out of sight
    this.draw();
    this.follow();
    this.status.show();
  }

  /** Bring the cell where one is into sight. */
  private reveal(): void {
    this.view.reveal(this.at.row);
    this.view.draw(this.at, this.box);
    this.view.bringIntoSight(this.at);
  }

  private draw(): void {
    this.view.draw(this.at, this.box);
    this.more();
  }

  private hold(): void {
    this.held = { at: this.store.rows[this.at.row], anchor: this.store.rows[this.anchor.row] };
  }

  /** Where a row is now that others may have come or gone. */
  private now(place: Place, row: Row | undefined): Place {
    const index = row && this.store.rows[place.row] !== row ? this.store.rows.indexOf(row) : -1;
    return index < 0 ? place : { ...place, row: index };
  }

  // --- Where one is ---

  private within(place: Place): Place {
    const clamp = (value: number, count: number): number => Math.max(0, Math.min(value, count - 1));
    return { row: clamp(place.row, this.store.rows.length), column: clamp(place.column, this.store.columns.length) };
  }

  private select(place: Place, extend = false): void {
    const before = this.store.rows[this.at.row];
    this.at = this.within(place);
    if (!extend) this.anchor = this.at;
    this.goal = null;
    this.hold();
    this.status.forget();
    this.reveal();
    this.view.focus(this.at);
    this.more();
    if (before && before !== this.store.rows[this.at.row]) this.store.leave(before);
  }

  /** The last row that is filled; further ones are fetched first. */
  private selectLast(column: number, extend: boolean): void {
    const { rows, next } = this.store;
    if (!next) return this.select({ row: rows.filter((row) => row.id !== null || row.pending.size).length - 1, column }, extend);
    this.goal = { column, extend };
    this.more();
  }

  private get box(): Box {
    const rows = [this.at.row, this.anchor.row].sort((a, b) => a - b) as [number, number];
    const columns = [this.at.column, this.anchor.column].sort((a, b) => a - b) as [number, number];
    return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] };
  }

  /** Fetch rows until what is to be seen is filled. */
  private more(): void {
    const { store, goal } = this;
    if (goal && !store.next) this.selectLast(goal.column, goal.extend);
    if (goal && store.next) this.status.tell(this.status.say("loadingAll", { count: store.rows.length }));
    if (store.next && !store.isCutOff && (goal || this.view.isNearEnd)) void store.load();
  }

  private blank(): number {
    return this.store.rows.findIndex((row) => row.id === null && !row.pending.size);
  }

  private firstWritable(): number {
    return Math.max(0, this.store.columns.findIndex((column) => !column.fixed));
  }

  private press(event: MouseEvent): void {
    const place = this.view.placeOf(event.target);
    if (!place || event.button !== 0) return;
    event.preventDefault();
    this.editor?.finish("away");
    this.dragging = place.column < 0 ? "rows" : "cells";
    if (place.column < 0) this.selectRows(event.shiftKey ? this.anchor.row : place.row, place.row);
    else this.select(place, event.shiftKey);
  }

  private drag(event: MouseEvent): void {
    const place = this.dragging ? this.view.placeOf(event.target) : null;
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
    const isHere = event.target === this.view.table || this.view.placeOf(event.target);
    if (this.editor || event.isComposing || !isHere) return;
    // What AltGr writes comes as Ctrl and Alt on some machines.
    if (event.getModifierState("AltGraph") && event.key.length === 1) this.edit(event.key);
    else if (event.altKey || !(this.command(event) || this.walk(event) || this.begin(event))) return;
    event.preventDefault();
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
      this.hold();
      this.selectLast(this.store.columns.length - 1, true);
    } else return false;
    return true;
  }

  private walk(event: KeyboardEvent): boolean {
    const jump = event.ctrlKey || event.metaKey;
    const { row, column } = this.at;
    const last = { row: this.store.rows.length - 1, column: this.store.columns.length - 1 };
    const page = Math.max(1, this.view.perPage - 1);
    const steps: Record<string, Place> = {
      ArrowDown: { row: row + 1, column }, ArrowUp: { row: jump ? 0 : row - 1, column },
      ArrowRight: { row, column: jump ? last.column : column + 1 }, ArrowLeft: { row, column: jump ? 0 : column - 1 },
      Home: { row: jump ? 0 : row, column: 0 }, End: { row, column: last.column },
      PageDown: { row: row + page, column }, PageUp: { row: row - page, column },
    };
    const step = steps[event.key];
    if (step && jump && ["ArrowDown", "End"].includes(event.key)) this.selectLast(step.column, event.shiftKey);
    else if (step) this.select(step, event.shiftKey);
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
    else if (event.key === "Escape" && this.goal) this.select(this.at);
    else if (event.key === "Escape") this.root.querySelector<HTMLElement>(".grid-keys summary")?.focus();
    else if (event.key.length === 1) this.edit(event.key);
    else if (event.key === "Dead" || event.key === "Process") return this.compose();
    else return false;
    return true;
  }

  /** Accents and whole words that are composed begin in the editor, which must not lose the key. */
  private compose(): boolean {
    this.edit("");
    return false;
  }

  // --- Editing ---

  private fixedAt(row: Row | undefined, column: Column | undefined): string | null {
    if (row?.going) return this.status.say("going");
    return column?.fixed ?? (row?.editable === false ? this.status.say("readonlyRow") : null);
  }

  private edit(typed: string | null): void {
    const row = this.store.rows[this.at.row];
    const column = this.store.columns[this.at.column];
    if (!row || !column || this.editor) return;
    const fixed = this.fixedAt(row, column);
    if (fixed) return this.status.tell(fixed);
    const begun: Begun = {
      column, typed, text: this.store.text(row, column), value: row.value(column),
      done: (value, leave) => this.edited(row, column, value, leave),
    };
    this.editor = WITH_FIELDS.includes(column.kind) ? new FieldsEditor(begun, { say: (key) => this.status.say(key), filesAddress: this.root.dataset.files ?? "" }) : new TextEditor(begun);
    this.reveal(); // one may have scrolled away
    const cell = this.view.cell(this.at);
    if (cell) this.editor.open(this.root, cell.getBoundingClientRect());
  }

  /** The editor stays over its cell; what is typed is kept when the cell goes out of sight. */
  private follow(): void {
    if (!this.editor) return;
    const cell = this.view.cell(this.at)?.getBoundingClientRect();
    const frame = this.view.scroll.getBoundingClientRect();
    if (cell && cell.bottom >= frame.top && cell.top <= frame.bottom) return this.editor.follow(cell);
    this.editor.finish("away");
    this.view.focus(this.at);
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
    if (this.goal) return; // more is about to be chosen
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
    if (this.goal) return;
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
    if (this.goal) return;
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

const root = document.querySelector<HTMLElement>("#grid");
if (root && getComputedStyle(root).display !== "none") new Grid(root);
