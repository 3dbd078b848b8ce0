// What quick edit holds of a list, and what it says to the server and hears from it.

export interface Column {
  name: string;
  label: string;
  /** Why it cannot be edited. */
  fixed: string | null;
  kind: "text" | "long" | "choice" | "lookup" | "rich_text" | "address" | "location" | "participants" | "attachment";
  number: boolean;
  required: boolean;
  many: boolean;
  choices?: string[];
  suggest?: string;
}

/** A cell as it was typed, or, where the words do not say all, the value that is meant beside them. */
export interface Typed {
  text: string;
  value?: unknown;
}

export interface RowData {
  id: number;
  version: number;
  editable: boolean;
  cells: string[];
  values: Record<string, unknown>;
  key?: string | null;
}

export class Row {
  id: number | null = null;
  version = 1;
  editable = true;
  cells: string[] = [];
  /** The values behind the texts of lookups and of cells with several parts. */
  values: Record<string, unknown> = {};
  /** On its way to the recycle bin. */
  going = false;
  readonly pending = new Map<string, Typed>();
  /** Why cells were refused, by column; "" = the row as a whole. */
  readonly refused = new Map<string, string>();
  constructor(readonly key: string) {}

  fill(data: RowData): this {
    this.id = data.id;
    this.version = data.version;
    this.editable = data.editable;
    this.cells = data.cells;
    this.values = data.values;
    return this;
  }

  /** What a cell's editor begins with, beside its text. */
  value(column: Column): unknown {
    const typed = this.pending.get(column.name);
    return typed ? typed.value : this.values[column.name];
  }
}

export interface Edit {
  row: Row;
  column: Column;
  value: Typed;
}

/** What was typed, by row and column. */
export type Cells = Map<Row, Map<string, Typed>>;

export function cellsOf(edits: Edit[]): Cells {
  return together(edits.map(({ row, column, value }) => new Map([[row, new Map([[column.name, value]])]])));
}

/** All of it; of a cell that was typed into several times, what was typed last. */
export function together(all: Cells[]): Cells {
  const made: Cells = new Map();
  for (const [row, typed] of all.flatMap((cells) => [...cells])) {
    const there = made.get(row) ?? new Map<string, Typed>();
    for (const [name, value] of typed) there.set(name, value);
    made.set(row, there);
  }
  return made;
}

export interface Change {
  kind: "create" | "update" | "delete" | "restore";
  id?: number;
  key?: string;
  version?: number | "*";
  cells?: Record<string, string>;
  values?: Record<string, unknown>;
  expected?: Record<string, unknown>;
}

export interface Done {
  rows: RowData[];
  gone: number[];
  undo: Change[];
}

export interface Refusal {
  id: number | null;
  key: string | null;
  column: string;
  message: string;
  change: number;
}

/** The change that makes of a row what was typed into it. */
export function changeOf(row: Row, typed: Map<string, Typed>): Change {
  const cells: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  for (const [name, { text, value }] of typed) {
    if (value === undefined) cells[name] = text;
    else values[name] = value;
  }
  return row.id === null ? { kind: "create", key: row.key, cells, values } : { kind: "update", id: row.id, version: row.version, key: row.key, cells, values };
}

/** The change without its refused cells; null where nothing is left of it. */
export function without(change: Change, refusals: Refusal[]): Change | null {
  if (!refusals.length) return change;
  if (refusals.some((one) => !one.column)) return null;
  const columns = new Set(refusals.map((one) => one.column));
  const keep = (some: Record<string, unknown> | undefined): Record<string, unknown> => Object.fromEntries(Object.entries(some ?? {}).filter(([name]) => !columns.has(name)));
  const values = keep(change.values);
  return Object.keys(values).length ? { ...change, values, expected: keep(change.expected) } : null;
}

/** A UUID of version 4, also where the page is not served over https. */
export function newBatch(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 15) | 64;
  bytes[8] = ((bytes[8] ?? 0) & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
