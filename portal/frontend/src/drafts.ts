// What is typed into <form data-draft="name"> is kept in this browser until the server has taken it. Drafts belong to
// the user who typed them and go when that user signs out.
import { all, make, onContent, word } from "./page";

const PREFIX = "caseroom-draft:";
const SENT = "caseroom-sent";
const user = document.body.dataset.user ?? "";

type Draft = Record<string, string[]>;

const keyOf = (form: HTMLFormElement): string => `${PREFIX}${user}:${form.dataset.draft}`;

function fieldsOf(form: HTMLFormElement): (HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[] {
  const fields = form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>("input[name], textarea[name], select[name]");
  return [...fields].filter((field) => !["hidden", "password", "file", "submit"].includes(field.type));
}

function read(form: HTMLFormElement): Draft {
  const draft: Draft = {};
  for (const field of fieldsOf(form)) {
    const values = (draft[field.name] ??= []);
    if (field instanceof HTMLSelectElement) values.push(...[...field.selectedOptions].map((option) => `${option.value}\n${option.text}`));
    else if (field.type !== "checkbox" && field.type !== "radio") values.push(field.value);
    else if ((field as HTMLInputElement).checked) values.push(field.value);
  }
  return draft;
}

function write(form: HTMLFormElement, draft: Draft): void {
  for (const field of fieldsOf(form)) {
    const values = draft[field.name];
    if (!values) continue;
    if (field instanceof HTMLSelectElement) choose(field, values);
    else if (field.type !== "checkbox" && field.type !== "radio") field.value = values.shift() ?? "";
    else (field as HTMLInputElement).checked = values.includes(field.value);
  }
}

/** A lookup's choice may not be among the options the server sent: its title is kept with it. */
function choose(select: HTMLSelectElement, values: string[]): void {
  for (const option of select.options) option.selected = false;
  for (const entry of values) {
    const [value = "", text = ""] = entry.split("\n", 2);
    let option = [...select.options].find((known) => known.value === value);
    if (!option) select.append((option = new Option(text, value)));
    option.selected = true;
  }
  select.dispatchEvent(new Event("change"));
}

function restore(form: HTMLFormElement): void {
  const key = keyOf(form);
  const kept = localStorage.getItem(key);
  const fresh = read(form);
  // After a refusal the server sends back what was typed; the draft stays only as a safety net.
  if (!kept || form.matches("[data-failed]") || kept === JSON.stringify(fresh)) return;
  write(form, JSON.parse(kept) as Draft);
  const discard = make("button", { type: "button", class: "button button-quiet" }, word("discard"));
  const note = make("div", { class: "draft-note", role: "status" }, word("draftRestored"), discard);
  discard.addEventListener("click", () => {
    localStorage.removeItem(key);
    write(form, fresh);
    note.remove();
  });
  form.prepend(note);
}

/** The page that follows a save is the proof that the server took it; a refused form or an error page keeps the draft. */
function settle(): void {
  const sent = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  // An error page, or a sign-in page because the session had ended: nothing was saved.
  if (!sent || !user || document.body.matches("[data-error]")) return;
  const refused = [...document.querySelectorAll<HTMLFormElement>("form[data-draft][data-failed]")].some((form) => keyOf(form) === sent);
  if (!refused) localStorage.removeItem(sent);
}

function guarded(act: () => void): void {
  try {
    act();
  } catch {
    // Storage is full or forbidden: the form works on, only without a draft.
  }
}

guarded(settle);
onContent((root) => guarded(() => all<HTMLFormElement>(root, "form[data-draft]").forEach(restore)));

let timer = 0;
function keep(event: Event): void {
  const form = (event.target as HTMLElement).closest?.<HTMLFormElement>("form[data-draft]");
  if (!form) return;
  clearTimeout(timer);
  timer = window.setTimeout(() => guarded(() => localStorage.setItem(keyOf(form), JSON.stringify(read(form)))), 300);
}
document.addEventListener("input", keep);
document.addEventListener("change", keep);

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.submitter?.matches("[data-sign-out]")) return guarded(forget);
  if (!form.matches("[data-draft]")) return;
  clearTimeout(timer);
  guarded(() => localStorage.setItem(keyOf(form), JSON.stringify(read(form))));
  if (!form.matches("[hx-post], [hx-patch], [hx-put]")) guarded(() => sessionStorage.setItem(SENT, keyOf(form)));
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = (event as CustomEvent<{ elt: Element; successful: boolean }>).detail;
  if (successful && elt instanceof HTMLFormElement && elt.matches("[data-draft]")) guarded(() => localStorage.removeItem(keyOf(elt)));
});

function forget(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}
