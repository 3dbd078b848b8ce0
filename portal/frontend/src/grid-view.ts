// The table of quick edit. Of many rows only those in sight, and some around them, are in the document; the room of the
// others is kept free above and below the table.
import type { Column, Row } from "./grid-rows";
import type { Status } from "./grid-status";
import type { Store } from "./grid-store";
import { make } from "./page";

/** So many rows are all in the document; their widths stay when there are more. */
const ALL = 150;
/** Rows above and below those in sight. */
const AROUND = 12;
const NARROWEST = 120;
const NUMBERS = 56; // room for five digits
/** The column that stays in sight when one scrolls sideways. */
const TITLE = "name";

export interface Place {
  row: number;
  column: number;
}

/** The chosen cells, from edge to edge. */
export interface Box {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export class View {
  readonly table = make("table", { class: "grid", role: "grid", "aria-multiselectable": "true" });
  private readonly head = this.table.createTHead();
  private readonly body = this.table.createTBody();
  private readonly room = make("div", {}, this.table);
  readonly scroll = make("div", { class: "grid-scroll" }, this.room);
  private lines = new Map<Row, HTMLTableRowElement>();
  private first = 0;
  private rowHeight = 28;
  private isFrozen = false;

  constructor(
    private readonly store: Store,
    private readonly status: Status,
    label: string,
  ) {
    this.table.classList.add("table");
    this.scroll.classList.add("table-scroll");
    this.table.setAttribute("aria-label", label);
  }

  /** Put the rows in sight into the document, as they stand, with what is chosen. */
  draw(at: Place, box: Box): void {
    const { rows, columns, next } = this.store;
    if (columns.length && !this.head.rows.length) this.drawHead();
    if (rows.length > ALL && !this.isFrozen) this.freeze();
    const held = this.table.contains(document.activeElement);
    const [from, to] = this.inSight();
    const lines = new Map(rows.slice(from, to).map((row) => [row, this.lines.get(row) ?? this.newLine()]));
    [...lines.values()].forEach((line, index) => this.body.rows[index] !== line && this.body.insertBefore(line, this.body.rows[index] ?? null));
    while (this.body.rows.length > lines.size) this.body.deleteRow(-1);
    this.lines = lines;
    this.first = from;
    this.room.style.paddingTop = `${from * this.rowHeight}px`;
    this.room.style.paddingBottom = `${(rows.length - to) * this.rowHeight}px`;
    this.table.setAttribute("aria-rowcount", next ? "-1" : String(rows.length + 1));
    [...lines].forEach(([row, line], index) => this.drawLine(row, line, from + index, box));
    this.keepFocus(at, held);
  }

  private inSight(): [number, number] {
    const count = this.store.rows.length;
    if (!this.isFrozen) return [0, count];
    const top = Math.floor(this.scroll.scrollTop / this.rowHeight);
    const from = Math.max(0, Math.min(top - AROUND, count - this.perPage - AROUND));
    return [from, Math.min(count, top + this.perPage + 2 * AROUND)];
  }

  /** How many rows are in sight at once. */
  get perPage(): number {
    return Math.max(1, Math.floor((this.scroll.clientHeight - this.head.offsetHeight) / this.rowHeight));
  }

  /** The focus is in the cell where one is; while that is out of sight, in the table. */
  private keepFocus(at: Place, held: boolean): void {
    const cell = this.cell(at);
    this.table.tabIndex = cell ? -1 : 0;
    cell?.setAttribute("tabindex", "0");
    if (held && document.activeElement !== cell) this.focus(at);
  }

  focus(at: Place): void {
    (this.cell(at) ?? this.table).focus({ preventScroll: true });
  }

  /** Widths are by what stands in the cells, until rows come and go while one scrolls. */
  private freeze(): void {
    const widths = [...(this.head.rows[0]?.cells ?? [])].map((cell, place) => (place ? Math.max(Math.ceil(cell.getBoundingClientRect().width), NARROWEST) : NUMBERS));
    const columns = widths.map((width) => {
      const column = make("col");
      column.style.width = `${width}px`;
      return column;
    });
    this.table.prepend(make("colgroup", {}, ...columns));
    this.table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
    this.table.classList.add("is-frozen");
    this.rowHeight = this.body.rows[0]?.getBoundingClientRect().height || this.rowHeight;
    this.isFrozen = true;
  }

  private drawHead(): void {
    const row = this.head.insertRow();
    row.setAttribute("aria-rowindex", "1");
    row.append(make("th", { scope: "col", class: "grid-number" }, make("span", { class: "visually-hidden" }, this.status.say("rowNumber"))));
    for (const column of this.store.columns) row.append(make("th", { scope: "col", class: kindOf(column), title: column.fixed ?? undefined }, column.label));
  }

  private newLine(): HTMLTableRowElement {
    const line = make("tr", {}, make("th", { scope: "row", class: "grid-number" }));
    for (const column of this.store.columns) line.append(make("td", { role: "gridcell", tabindex: "-1", class: kindOf(column) }));
    return line;
  }

  private drawLine(row: Row, line: HTMLTableRowElement, index: number, box: Box): void {
    line.setAttribute("aria-rowindex", String(index + 2));
    line.classList.toggle("is-new", row.id === null);
    line.classList.toggle("is-going", row.going);
    line.classList.toggle("is-refused", row.refused.has(""));
    const number = line.cells[0] as HTMLElement;
    write(number, row.id === null ? "+" : String(index + 1));
    set(number, "title", row.refused.get("") ?? null);
    set(number, "aria-label", row.id === null ? this.status.say("newRow") : null);
    const isChosen = index >= box.top && index <= box.bottom;
    this.store.columns.forEach((column, place) => {
      const cell = line.cells[place + 1] as HTMLElement;
      this.drawCell(row, column, cell);
      cell.tabIndex = -1;
      set(cell, "aria-selected", isChosen && place >= box.left && place <= box.right ? "true" : null);
    });
  }

  private drawCell(row: Row, column: Column, cell: HTMLElement): void {
    write(cell, this.store.text(row, column));
    const why = row.pending.has(column.name) ? this.store.why(row, column) : (row.refused.get(column.name) ?? null);
    const fixed = column.fixed ?? (row.editable ? null : this.status.say("readonlyRow"));
    set(cell, "aria-readonly", fixed ? "true" : null);
    set(cell, "aria-invalid", why ? "true" : null);
    set(cell, "title", why ?? fixed);
    cell.classList.toggle("is-pending", row.pending.has(column.name));
  }

  cell(place: Place): HTMLElement | undefined {
    return this.body.rows[place.row - this.first]?.cells[place.column + 1] as HTMLElement | undefined;
  }

  /** Where a press or a key was; the column is -1 on the row's number. */
  placeOf(target: EventTarget | null): Place | null {
    const cell = (target as Element | null)?.closest?.<HTMLTableCellElement>("td, th");
    const row = cell?.parentElement as HTMLTableRowElement | null | undefined;
    return cell && row && this.body.contains(row) ? { row: row.sectionRowIndex + this.first, column: cell.cellIndex - 1 } : null;
  }

  /** Scroll so far that the row is in sight. */
  reveal(row: number): void {
    if (!this.isFrozen) return;
    const above = row * this.rowHeight;
    const below = above + this.rowHeight + this.head.offsetHeight - this.scroll.clientHeight;
    this.scroll.scrollTop = Math.max(below, Math.min(above, this.scroll.scrollTop));
  }

  /** Scroll so far that the cell is in sight, and does not lie under the columns that stay. */
  bringIntoSight(at: Place): void {
    const cell = this.cell(at);
    if (!cell) return;
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    const title = this.store.columns.findIndex((column) => column.name === TITLE);
    const beside = title < at.column ? this.cell({ ...at, column: title }) : null;
    const stays = beside && getComputedStyle(beside).position === "sticky" ? beside : cell.parentElement?.firstElementChild;
    if (!stays || title === at.column) return;
    const hidden = stays.getBoundingClientRect().right - cell.getBoundingClientRect().left;
    if (hidden > 0) this.scroll.scrollLeft -= Math.ceil(hidden);
  }

  /** Whether one has scrolled so far that more rows should come. */
  get isNearEnd(): boolean {
    return this.scroll.scrollTop + this.scroll.clientHeight > this.scroll.scrollHeight - 600;
  }
}

function kindOf(column: Column): string | undefined {
  return column.name === TITLE ? "grid-title" : column.number ? "number" : undefined;
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function set(element: HTMLElement, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
