// The rows of quick edit, what of them is not saved yet, and the batches that go to the server: each all or nothing.

import { type Change, type Column, type Done, type Edit, type Refusal, Row, type RowData, type Typed, changeOf, newBatch, without } from "./grid-rows";

/** What is sent together: cells of rows, or the changes that take an earlier batch back. */
interface Group {
  rows: Set<Row>;
  back?: { changes: Change[]; to: "undo" | "redo" };
  refused: boolean;
  /** As it was first sent: sent again after a lost answer it is the same batch. */
  sent?: { batch: string; changes: Change[]; values: Map<Row, Map<string, Typed>> };
}

export type State = "loading" | "saved" | "unsaved" | "saving" | "refused" | "offline" | "signedOut";

const PAUSES = [2, 5, 10, 30];
let keys = 0;

export class Store {
  columns: Column[] = [];
  rows: Row[] = [];
  mayAdd = false;
  next: string | null = null;
  state: State = "loading";
  refusals: Refusal[] = [];
  /** What a refusal says that belongs to no cell. */
  problem = "";
  private groups: Group[] = [];
  private readonly undone: Record<"undo" | "redo", Change[][]> = { undo: [], redo: [] };
  private busy = false;
  private tries = 0;
  private timer = 0;

  constructor(
    private readonly rowsAddress: string,
    private readonly writeAddress: string,
    private readonly changed: (said?: string) => void,
  ) {}

  /** Fetch the next rows, unless something else is on its way. */
  async load(): Promise<void> {
    const address = this.columns.length ? this.next : this.rowsAddress;
    if (!address || this.busy) return;
    this.busy = true;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) return this.fail(answer.status);
      const page = (await answer.json()) as { columns: Column[]; rows: RowData[]; next: string | null; may_add: boolean };
      this.columns = page.columns;
      this.mayAdd = page.may_add;
      this.next = page.next;
      const known = new Set(this.rows.map((row) => row.id));
      const fresh = page.rows.filter((row) => !known.has(row.id)).map((data) => this.newRow().fill(data));
      const end = this.rows.findIndex((row) => row.id === null);
      this.rows.splice(end < 0 ? this.rows.length : end, 0, ...fresh);
      this.state = "saved";
      this.settle();
    } catch {
      return this.fail(0);
    } finally {
      this.busy = false;
    }
    this.tries = 0;
    void this.send(); // what was typed meanwhile comes before further rows
    this.changed();
  }

  text(row: Row, column: Column): string {
    return row.pending.get(column.name)?.text ?? row.cells[this.columns.indexOf(column)] ?? "";
  }

  why(row: Row, column: Column): string | null {
    return row.refused.get(column.name) ?? row.refused.get("") ?? null;
  }

  /** A row that is not there yet; it is made when it is left, or with the block that was pasted. */
  add(): Row {
    const row = this.newRow();
    this.rows.push(row);
    return row;
  }

  /** Take over what was typed. Rows that are yet to be made wait until `leave`, unless `together`. */
  edit(edits: Edit[], together = false): void {
    const real = edits.filter(({ row, column, value }) => this.text(row, column) !== value.text || value.value !== undefined);
    if (!real.length) return;
    for (const { row, column, value } of real) {
      row.pending.set(column.name, value);
      row.refused.delete(column.name);
      row.refused.delete("");
    }
    const rows = new Set(real.map((one) => one.row));
    if (!together && [...rows].every((row) => row.id === null) && ![...rows].some((row) => this.groupOf(row))) this.settle();
    else this.join(rows);
    this.changed();
    void this.send();
  }

  /** The selection has left a row that is yet to be made: it is complete now. */
  leave(row: Row): void {
    if (row.id !== null || !row.pending.size || this.groupOf(row)) return;
    this.join(new Set([row]));
    this.changed();
    void this.send();
  }

  discard(): void {
    clearTimeout(this.timer);
    this.groups = this.groups.filter((group) => group.sent && !group.refused && this.busy);
    for (const row of this.rows) {
      row.pending.clear();
      row.refused.clear();
    }
    this.rows = this.rows.filter((row) => row.id !== null);
    this.refusals = [];
    this.problem = "";
    if (!this.next && this.columns.length) this.state = "saved"; // nothing is left to try again
    this.settle();
    this.changed();
  }

  can(which: "undo" | "redo"): boolean {
    return this.undone[which].length > 0;
  }

  back(which: "undo" | "redo"): void {
    const changes = this.undone[which].pop();
    if (!changes) return;
    this.groups.push({ rows: new Set(), back: { changes, to: which === "undo" ? "redo" : "undo" }, refused: false });
    this.settle();
    this.changed();
    void this.send();
  }

  retry(): void {
    clearTimeout(this.timer);
    if (this.groups.some((group) => !group.refused)) void this.send();
    else void this.load();
  }

  /** Whether the last try to reach the server failed. */
  get isCutOff(): boolean {
    return this.state === "offline" || this.state === "signedOut";
  }

  get hasUnsaved(): boolean {
    return this.groups.length > 0 || this.rows.some((row) => row.pending.size > 0);
  }

  private newRow(): Row {
    return new Row(`r${++keys}`);
  }

  private groupOf(row: Row): Group | undefined {
    return this.groups.find((group) => group.rows.has(row) && (group.refused || !group.sent));
  }

  /** Put rows into one group; those that were refused together come along, so that all of it is tried again. */
  private join(rows: Set<Row>): void {
    const standing = new Set([...rows].map((row) => this.groupOf(row)).filter((group): group is Group => group !== undefined));
    for (const group of standing) for (const row of group.rows) rows.add(row);
    this.groups = this.groups.filter((group) => !standing.has(group));
    for (const row of rows) row.refused.clear();
    const keys = new Set([...rows].map((row) => row.key));
    this.refusals = this.refusals.filter((one) => !one.key || !keys.has(one.key));
    this.groups.push({ rows, refused: false });
    this.settle();
  }

  private settle(): void {
    if (this.isCutOff) return;
    if (this.groups.some((group) => group.refused)) this.state = "refused";
    else this.state = this.hasUnsaved ? "unsaved" : "saved";
  }

  private async send(): Promise<void> {
    const group = this.groups.find((one) => !one.refused);
    if (!group || this.busy) return;
    this.busy = true;
    group.sent ??= this.freeze(group);
    if (this.state !== "offline") this.state = "saving";
    this.changed();
    try {
      const { batch, changes } = group.sent;
      const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";
      const answer = await fetch(this.writeAddress, {
        method: "POST",
        credentials: "same-origin",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ batch, changes }),
      });
      if (answer.ok) this.done(group, (await answer.json()) as Done);
      else if ([422, 403, 404, 413].includes(answer.status)) this.refuse(group, (await answer.json()) as { detail?: string; refusals?: Refusal[]; rows?: RowData[] });
      else return this.fail(answer.status);
      this.tries = 0;
    } catch {
      return this.fail(0);
    } finally {
      this.busy = false;
    }
    this.state = "saved";
    this.settle();
    void this.send();
    this.changed();
  }

  private freeze(group: Group): NonNullable<Group["sent"]> {
    const values = new Map([...group.rows].map((row) => [row, new Map(row.pending)] as const));
    const changes = group.back ? group.back.changes.map((change) => this.known(change)) : [...values].filter(([, cells]) => cells.size).map(([row, cells]) => changeOf(row, cells));
    return { batch: newBatch(), changes, values };
  }

  /** A row that came back is deleted only as we know it. */
  private known(change: Change): Change {
    const row = change.kind === "delete" ? this.rows.find((one) => one.id === change.id) : undefined;
    return row ? { ...change, version: row.version, key: row.key } : { ...change, key: this.rows.find((one) => one.id === change.id)?.key };
  }

  private done(group: Group, done: Done): void {
    this.groups = this.groups.filter((one) => one !== group);
    for (const [row, sent] of group.sent?.values ?? []) {
      for (const [name, value] of sent) if (row.pending.get(name) === value) row.pending.delete(name);
      row.refused.clear();
    }
    for (const data of done.rows) this.take(data);
    this.rows = this.rows.filter((row) => row.id === null || !done.gone.includes(row.id));
    if (done.undo.length) this.undone[group.back?.to ?? "undo"].push(done.undo);
    if (!group.back) this.undone.redo = [];
    this.problem = "";
    if (group.back) this.changed(group.back.to === "redo" ? "undone" : "redone");
  }

  private take(data: RowData): void {
    const row = this.rows.find((one) => one.id === data.id) ?? this.rows.find((one) => data.key && one.key === data.key);
    if (row) {
      row.fill(data);
      return;
    }
    const end = this.rows.findIndex((one) => one.id === null && !one.pending.size);
    this.rows.splice(end < 0 ? this.rows.length : end, 0, this.newRow().fill(data));
  }

  private refuse(group: Group, told: { detail?: string; refusals?: Refusal[]; rows?: RowData[] }): void {
    const refusals = told.refusals ?? [];
    for (const data of told.rows ?? []) this.take(data);
    this.problem = refusals.length ? "" : (told.detail ?? "");
    if (group.back) return this.refuseBack(group, refusals);
    group.refused = true;
    group.sent = undefined;
    this.refusals = refusals;
    for (const one of refusals) this.rows.find((row) => row.key === one.key)?.refused.set(one.column, one.message);
  }

  /** What somebody else has changed since stays; the rest of the batch is taken back. */
  private refuseBack(group: Group, refusals: Refusal[]): void {
    const changes = group.sent?.changes ?? [];
    this.groups = this.groups.filter((one) => one !== group);
    this.refusals = refusals;
    const rest = changes
      .map((change, place) => without(change, refusals.filter((one) => one.change === place)))
      .filter((change): change is Change => change !== null);
    if (group.back && refusals.length && rest.length) this.groups.unshift({ rows: new Set(), back: { ...group.back, changes: rest }, refused: false });
  }

  private fail(status: number): void {
    this.state = status === 401 ? "signedOut" : "offline";
    const pause = PAUSES[Math.min(this.tries++, PAUSES.length - 1)] ?? 30;
    clearTimeout(this.timer);
    if (status !== 401) this.timer = window.setTimeout(() => this.retry(), pause * 1000);
    this.changed();
  }
}
