// The rows of quick edit, what of them is not saved yet, and the batches that go to the server: each all or nothing.

import { type Cells, type Change, type Column, type Done, type Edit, type Refusal, Row, type RowData, type Typed, cellsOf, changeOf, newBatch, together as merged, without } from "./grid-rows";

/** What is sent together and is one step of the undo: cells of rows, rows that go, or a step back or forth; which step, is
 * known when its turn comes. */
interface Group {
  kind: "edit" | "delete" | "undo" | "redo";
  cells: Cells;
  refused: boolean;
  /** What is left of a step of which something was refused. */
  rest?: Change[];
  /** As it was first sent: sent again after a lost answer it is the same batch. */
  sent?: { batch: string; changes: Change[]; values: Cells };
}

export type State = "loading" | "saved" | "unsaved" | "saving" | "refused" | "offline" | "signedOut";

const PAUSES = [2, 5, 10, 30];
/** What is said when it is done; of what was typed the state says it. */
const SAID = { delete: "deleted", undo: "undone", redo: "redone" };
let keys = 0;

export class Store {
  columns: Column[] = [];
  rows: Row[] = [];
  mayAdd = false;
  next: string | null = null;
  state: State = "loading";
  refusals: Refusal[] = [];
  /** What was refused. */
  refusedKind: Group["kind"] = "edit";
  /** What a refusal says that belongs to no cell. */
  problem = "";
  private groups: Group[] = [];
  private readonly undone: Record<"undo" | "redo", Change[][]> = { undo: [], redo: [] };
  private busy = false;
  private tries = 0;
  private timer = 0;
  /** Where deleted rows stood, by their ids. */
  private readonly stood = new Map<number, number>();

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
    this.forget();
    for (const { row, column, value } of real) {
      row.pending.set(column.name, value);
      row.refused.delete(column.name);
      row.refused.delete("");
    }
    const cells = cellsOf(real);
    const rows = [...cells.keys()];
    if (!together && rows.every((row) => row.id === null && !this.groupOf(row))) this.settle();
    else this.join(cells);
    this.changed();
    void this.send();
  }

  /** The selection has left a row that is yet to be made: it is complete now. */
  leave(row: Row): void {
    if (row.id !== null || !row.pending.size || this.groupOf(row)) return;
    this.join(new Map([[row, row.pending]]));
    this.changed();
    void this.send();
  }

  /** Put rows into the recycle bin, all or none. What was typed into them goes too; of one that was never saved all. */
  remove(rows: Row[]): void {
    this.forget();
    const known = new Set(rows.filter((row) => row.id !== null || this.groups.some((group) => group.sent && group.cells.has(row))));
    for (const row of rows) {
      row.pending.clear();
      row.refused.clear();
      for (const group of this.waiting(row)) {
        group.cells.delete(row);
        group.refused = false; // what it was refused for may be gone with the row
      }
    }
    this.refusals = this.refusals.filter((one) => !rows.some((row) => row.key === one.key));
    this.rows = this.rows.filter((row) => known.has(row) || !rows.includes(row));
    for (const row of known) row.going = true;
    this.groups = this.groups.filter((group) => group.cells.size || group.kind !== "edit");
    if (known.size) this.groups.push({ kind: "delete", cells: new Map([...known].map((row) => [row, new Map()])), refused: false });
    this.settle();
    this.changed();
    void this.send();
  }

  discard(): void {
    clearTimeout(this.timer);
    this.groups = this.groups.filter((group) => group.sent && !group.refused && this.busy);
    for (const row of this.rows) {
      row.pending.clear();
      row.refused.clear();
      row.going = this.groups.some((group) => group.kind === "delete" && group.cells.has(row));
    }
    this.rows = this.rows.filter((row) => row.id !== null);
    this.refusals = [];
    this.problem = "";
    if (!this.next && this.columns.length) this.state = "saved"; // nothing is left to try again
    this.settle();
    this.changed();
  }

  can(which: "undo" | "redo"): boolean {
    if (which === "undo" && this.groups.some((group) => group.refused)) return true;
    const coming = this.groups.some((group) => !group.refused && (which === "undo" ? group.kind !== "undo" : group.kind === "undo"));
    return coming || this.undone[which].length > 0;
  }

  /** Take the last step back, or do it again. What is still on its way comes first. */
  back(which: "undo" | "redo"): void {
    if (!this.can(which)) return;
    const refused = which === "undo" ? this.groups.filter((group) => group.refused).pop() : undefined;
    if (refused) return this.dropRefused(refused);
    this.forget();
    this.groups.push({ kind: which, cells: new Map(), refused: false });
    this.settle();
    this.changed();
    void this.send();
  }

  /** What was refused was done last: it is taken back before anything that is saved. */
  private dropRefused(group: Group): void {
    this.groups = this.groups.filter((one) => one !== group);
    for (const row of group.cells.keys()) {
      row.pending.clear();
      row.refused.clear();
    }
    this.rows = this.rows.filter((row) => row.id !== null || !group.cells.has(row));
    this.refusals = this.refusals.filter((one) => ![...group.cells.keys()].some((row) => row.key === one.key));
    this.problem = "";
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

  /** What is told of a step that is over; what was refused and waits to be mended stays. */
  private forget(): void {
    if (this.groups.some((group) => group.refused)) return;
    this.refusals = [];
    this.problem = "";
    for (const row of this.rows) row.refused.clear();
  }

  private newRow(): Row {
    return new Row(`r${++keys}`);
  }

  private groupOf(row: Row): Group | undefined {
    return this.waiting(row)[0];
  }

  /** The groups with this row that are not on their way. */
  private waiting(row: Row): Group[] {
    return this.groups.filter((group) => group.cells.has(row) && (group.refused || !group.sent));
  }

  /** A step of its own; but what was refused is tried again with it, and a row that is yet to be made is made whole. */
  private join(cells: Cells): void {
    const whole = [...cells].map(([row, typed]) => [row, new Map(row.id === null ? row.pending : typed)] as const);
    const standing = [...cells.keys()].flatMap((row) => this.waiting(row).filter((group) => group.refused || row.id === null));
    this.groups = this.groups.filter((group) => !standing.includes(group));
    const group: Group = { kind: "edit", cells: merged([...new Set(standing)].map((one) => one.cells).concat(new Map(whole))), refused: false };
    const keys = new Set([...group.cells.keys()].map((row) => row.key));
    for (const row of group.cells.keys()) row.refused.clear();
    this.refusals = this.refusals.filter((one) => !one.key || !keys.has(one.key));
    this.groups.push(group);
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
    group.sent ??= this.freeze(group);
    if (!group.sent.changes.length) return this.skip(group);
    this.busy = true;
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

  private skip(group: Group): void {
    this.groups = this.groups.filter((one) => one !== group);
    this.settle();
    this.changed();
    void this.send();
  }

  private freeze(group: Group): NonNullable<Group["sent"]> {
    // What went with a row that was made meanwhile is there already.
    const open = (row: Row, cells: Map<string, Typed>) => new Map([...cells].filter(([name]) => row.pending.has(name)));
    const values = new Map([...group.cells].map(([row, cells]) => [row, open(row, cells)]));
    return { batch: newBatch(), changes: this.changesOf(group, values), values };
  }

  private changesOf(group: Group, values: Cells): Change[] {
    if (group.kind === "edit") return [...values].filter(([, cells]) => cells.size).map(([row, cells]) => changeOf(row, cells));
    if (group.kind === "delete") return [...group.cells.keys()].flatMap(({ id, version, key }) => (id === null ? [] : { kind: "delete" as const, id, version, key }));
    const rows = new Map(this.rows.map((row) => [row.id, row]));
    const known = (change: Change): Change => {
      const row = rows.get(change.id ?? null);
      // A row that came back is deleted only as we know it.
      return row && change.kind === "delete" ? { ...change, version: row.version, key: row.key } : { ...change, key: row?.key };
    };
    return (group.rest ?? this.undone[group.kind].pop() ?? []).map(known);
  }

  private done(group: Group, done: Done): void {
    this.groups = this.groups.filter((one) => one !== group);
    for (const [row, sent] of group.sent?.values ?? []) {
      for (const [name, value] of sent) if (row.pending.get(name) === value) row.pending.delete(name);
      row.refused.clear();
    }
    for (const data of done.rows) this.take(data);
    this.drop(new Set(done.gone));
    if (done.undo.length) this.undone[group.kind === "undo" ? "redo" : "undo"].push(done.undo);
    if (group.kind === "edit" || group.kind === "delete") this.undone.redo = [];
    this.problem = "";
    if (group.kind !== "edit") this.changed(SAID[group.kind]);
  }

  private drop(gone: Set<number | null>): void {
    if (!gone.size) return;
    this.rows.forEach((row, index) => row.id !== null && gone.has(row.id) && this.stood.set(row.id, index));
    this.rows = this.rows.filter((row) => row.id === null || !gone.has(row.id));
  }

  private take(data: RowData): void {
    const row = this.rows.find((one) => one.id === data.id) ?? this.rows.find((one) => data.key && one.key === data.key);
    if (row) {
      row.fill(data);
      return;
    }
    const blank = this.rows.findIndex((one) => one.id === null && !one.pending.size);
    const end = blank < 0 ? this.rows.length : blank;
    this.rows.splice(Math.min(this.stood.get(data.id) ?? end, end), 0, this.newRow().fill(data));
  }

  private refuse(group: Group, told: { detail?: string; refusals?: Refusal[]; rows?: RowData[] }): void {
    const refusals = told.refusals ?? [];
    for (const data of told.rows ?? []) this.take(data);
    this.problem = refusals.length ? "" : (told.detail ?? "");
    this.refusals = refusals;
    this.refusedKind = group.kind;
    for (const one of refusals) this.rows.find((row) => row.key === one.key)?.refused.set(one.column, one.message);
    if (group.kind === "undo" || group.kind === "redo") return this.refuseBack(group, refusals);
    if (group.kind === "delete") {
      this.groups = this.groups.filter((one) => one !== group);
      for (const row of group.cells.keys()) row.going = false;
    }
    group.refused = group.kind === "edit";
    group.sent = undefined;
    if (group.refused) this.joinLater(group);
  }

  /** What was typed into the refused rows meanwhile is as if typed now: it may be what mends them. */
  private joinLater(refused: Group): void {
    const later = this.groups.filter((group) => group.kind === "edit" && group !== refused && [...group.cells.keys()].some((row) => refused.cells.has(row)));
    if (!later.length) return;
    this.groups = this.groups.filter((group) => !later.includes(group));
    this.join(merged(later.map((group) => group.cells)));
  }

  /** What somebody else has changed since stays; the rest of the batch is taken back. */
  private refuseBack(group: Group, refusals: Refusal[]): void {
    const changes = group.sent?.changes ?? [];
    this.groups = this.groups.filter((one) => one !== group);
    const rest = changes
      .map((change, place) => without(change, refusals.filter((one) => one.change === place)))
      .filter((change): change is Change => change !== null);
    if (refusals.length && rest.length) this.groups.unshift({ kind: group.kind, cells: new Map(), rest, refused: false });
  }

  private fail(status: number): void {
    this.state = status === 401 ? "signedOut" : "offline";
    const pause = PAUSES[Math.min(this.tries++, PAUSES.length - 1)] ?? 30;
    clearTimeout(this.timer);
    if (status !== 401) this.timer = window.setTimeout(() => this.retry(), pause * 1000);
    this.changed();
  }
}
