// The task pane in Outlook: signs in by itself, shows where the open mail may belong, and files it.
// Office.js is loaded by the page before this; only what is used of it is declared here.
import { compose, type OfficeItem } from "./taskpane-message";

interface AsyncResult<T> {
  status: string;
  value: T;
  error?: { message: string };
}
interface RoamingSettings {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  remove(name: string): void;
  saveAsync(done?: (result: AsyncResult<void>) => void): void;
}
interface OfficeApi {
  onReady(): Promise<unknown>;
  EventType: { ItemChanged: string };
  context: {
    roamingSettings?: RoamingSettings;
    mailbox?: {
      item: OfficeItem | null;
      addHandlerAsync?(type: string, handler: () => void): void;
    };
  };
}
interface Reference {
  id: number;
  title: string;
}
interface Item {
  id: number;
  name: string;
  company?: Reference | null;
  case?: Reference | null;
}
interface Suggestion {
  company: Item | null;
  case: Item | null;
  cases: Item[];
}
interface Place {
  company?: number;
  case?: number;
}

declare const Office: OfficeApi | undefined;

const TOKEN = "caseroom-token";
const root = document.body.dataset.root ?? "";
const words = JSON.parse(element<HTMLTemplateElement>("pane-words").content.textContent ?? "{}") as Record<string, string>;
const places = new Map<string, Place>();
let filedId = 0;
let shown = 0; // which mail is shown: an answer for an earlier one is not

class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

function say(text: string): void {
  element("status").textContent = text;
}

function show(id: "sign-in" | "filing" | "filed" | null): void {
  for (const one of ["sign-in", "filing", "filed"]) element(one).hidden = one !== id;
  element("sign-out").hidden = !token();
}

function fail(id: string, text: string): void {
  const place = element(id);
  place.textContent = text;
  place.hidden = !text;
}

// --- The token: in the mailbox's own settings where Outlook has them, else for this window ------------

function roaming(): RoamingSettings | undefined {
  return Office?.context.roamingSettings;
}

function token(): string {
  return String(roaming()?.get(TOKEN) ?? sessionStorage.getItem(TOKEN) ?? "");
}

function keep(value: string): void {
  const settings = roaming();
  if (settings) {
    if (value) settings.set(TOKEN, value);
    else settings.remove(TOKEN);
    settings.saveAsync();
  } else if (value) sessionStorage.setItem(TOKEN, value);
  else sessionStorage.removeItem(TOKEN);
}

// --- The portal -----------------------------------------------------------------------------------------

async function ask<T>(path: string, options: RequestInit = {}): Promise<T> {
  const headers = new Headers(options.headers);
  if (token()) headers.set("Authorization", `Bearer ${token()}`);
  if (typeof options.body === "string") headers.set("Content-Type", "application/json");
  let answer: Response;
  try {
    answer = await fetch(root + path, { ...options, headers, credentials: "omit" });
  } catch {
    throw new Refused(0, words.offline ?? "");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, detail(text) || `${answer.status}`);
  return (text ? JSON.parse(text) : null) as T;
}

function detail(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: string }).detail ?? "");
  } catch {
    return "";
  }
}

/** What a refusal means for the pane; true where it was a sign-out. */
function signedOut(failure: unknown): boolean {
  if (!(failure instanceof Refused) || failure.status !== 401) return false;
  keep("");
  say(words.signedOut ?? "");
  show("sign-in");
  return true;
}

// --- The mail that is open --------------------------------------------------------------------------------

async function refresh(): Promise<void> {
  const item = Office?.context.mailbox?.item ?? null;
  const mine = ++shown;
  if (!token()) {
    say("");
    return show("sign-in");
  }
  if (!item) {
    say(words.none ?? "");
    return show(null);
  }
  say(words.reading ?? "");
  try {
    const body = JSON.stringify({ addresses: addresses(item), subject: item.subject ?? "" });
    const found = await ask<Suggestion>("/api/v1/mail/suggest", { method: "POST", body });
    if (mine !== shown) return;
    offer(item, found);
  } catch (failure) {
    if (mine === shown && !signedOut(failure)) say((failure as Error).message);
  }
}

function addresses(item: OfficeItem): string[] {
  const people = [item.from, item.sender, ...(item.to ?? []), ...(item.cc ?? [])];
  return [...new Set(people.map((one) => one?.emailAddress ?? "").filter((address) => address.includes("@")))];
}

function offer(item: OfficeItem, found: Suggestion): void {
  say("");
  element("subject").textContent = item.subject || (words.noSubject ?? "");
  element("company").textContent = found.company?.name ?? words.noCompany ?? "";
  element("places").replaceChildren();
  places.clear();
  if (found.case) option(found.case.name, words.answered, { case: found.case.id });
  for (const one of found.cases) if (one.id !== found.case?.id) option(one.name, words.case, { case: one.id });
  if (found.company) option(found.company.name, words.withCompany, { company: found.company.id });
  if (!places.size) option(words.noPlace ?? "", "", {});
  fail("filing-error", "");
  element<HTMLInputElement>("find").value = "";
  show("filing");
}

/** One choice of a place; the first one is chosen. */
function option(title: string, kind: string | undefined, place: Place, chosen = !places.size): void {
  const key = JSON.stringify(place);
  if (places.has(key)) return;
  places.set(key, place);
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "place", value: key, checked: chosen });
  const text = document.createElement("span");
  text.append(title);
  if (kind) {
    const note = document.createElement("span");
    note.className = "caption";
    note.textContent = ` · ${kind}`;
    text.append(note);
  }
  const label = document.createElement("label");
  label.className = "check";
  label.append(input, text);
  element("places").append(label);
}

/** Companies and cases with these letters in their names, added to the choices. */
async function find(text: string): Promise<void> {
  const mine = shown;
  const quoted = text.replaceAll("'", "''");
  const query = `?$filter=${encodeURIComponent(`contains(name,'${quoted}')`)}&$top=5&$select=id,name`;
  try {
    for (const [list, name] of [["cases", "case"], ["relations", "company"]] as const) {
      const found = await ask<{ value: Item[] }>(`/api/v1/lists/${list}/items${query}`);
      if (mine !== shown) return;
      for (const one of found.value) option(one.name, words[name], { [name]: one.id }, false);
    }
  } catch (failure) {
    if (!signedOut(failure)) fail("filing-error", (failure as Error).message);
  }
}

async function file(): Promise<void> {
  const item = Office?.context.mailbox?.item;
  const chosen = document.querySelector<HTMLInputElement>("input[name=place]:checked");
  if (!item) return;
  const button = element("filing").querySelector("button");
  const mine = shown;
  if (button) button.disabled = true;
  fail("filing-error", "");
  say(words.filing ?? "");
  try {
    const body = new FormData();
    body.append("message", await compose(item), "message.eml");
    for (const [name, id] of Object.entries(places.get(chosen?.value ?? "") ?? {})) body.append(name, String(id));
    body.append("privacy", element<HTMLSelectElement>("f-privacy").value);
    const answer = await fetch(`${root}/api/v1/mail`, {
      method: "POST", body, credentials: "omit", headers: { Authorization: `Bearer ${token()}` },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, detail(text));
    if (mine === shown) done(JSON.parse(text) as Item, answer.status === 201);
  } catch (failure) {
    if (signedOut(failure)) return;
    say("");
    fail("filing-error", failure instanceof TypeError ? (words.offline ?? "") : (failure as Error).message);
  } finally {
    if (button) button.disabled = false;
  }
}

function done(mail: Item, fresh: boolean): void {
  const place = [mail.company?.title, mail.case && `${words.case} ${mail.case.title}`].filter(Boolean).join(", ");
  filedId = mail.id;
  say("");
  element("filed-text").textContent = ((fresh ? words.filed : words.already) ?? "").replace("{place}", place || (words.noPlace ?? ""));
  element<HTMLAnchorElement>("filed-link").href = `${root}/lists/mails/${mail.id}`;
  element("undo").hidden = !fresh;
  show("filed");
}

async function undo(): Promise<void> {
  try {
    await ask(`/api/v1/mail/${filedId}/undo`, { method: "POST", body: "{}" });
    await refresh();
    say(words.undone ?? "");
  } catch (failure) {
    if (!signedOut(failure)) say((failure as Error).message);
  }
}

// --- Signing in and out -------------------------------------------------------------------------------------

async function signIn(form: HTMLFormElement): Promise<void> {
  const data = new FormData(form);
  const body = JSON.stringify({ email: data.get("email"), password: data.get("password") });
  fail("sign-in-error", "");
  try {
    const answer = await ask<{ token: string }>("/outlook/sign-in", { method: "POST", body });
    keep(answer.token);
    form.reset();
    await refresh();
  } catch (failure) {
    fail("sign-in-error", (failure as Error).message);
  }
}

async function signOut(): Promise<void> {
  try {
    await ask("/outlook/sign-out", { method: "POST" });
  } catch {
    // The token is forgotten here in any case.
  }
  keep("");
  await refresh();
}

async function start(): Promise<void> {
  if (typeof Office === "undefined") return say(words.notOutlook ?? "");
  await Office.onReady();
  if (!Office.context.mailbox) return say(words.notOutlook ?? "");
  element("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    void signIn(event.target as HTMLFormElement);
  });
  element("filing").addEventListener("submit", (event) => {
    event.preventDefault();
    void file();
  });
  let waiting = 0;
  element<HTMLInputElement>("find").addEventListener("input", (event) => {
    const text = (event.target as HTMLInputElement).value.trim();
    clearTimeout(waiting);
    if (text.length > 1) waiting = window.setTimeout(() => void find(text), 250);
  });
  element("undo").addEventListener("click", () => void undo());
  element("sign-out").addEventListener("click", () => void signOut());
  // A pinned pane stays open while another mail is opened.
  Office.context.mailbox.addHandlerAsync?.(Office.EventType.ItemChanged, () => void refresh());
  await refresh();
}

void start();
