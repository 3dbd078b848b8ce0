// Forms: the date button, the focus on what was refused, one submit per press, a warning before leaving unsaved work.
import { all, onContent } from "./page";

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest?.<HTMLElement>("[data-pick]");
  if (!button) return;
  const field = document.getElementById(button.dataset.pick ?? "") as HTMLInputElement | null;
  const picker = button.nextElementSibling as HTMLInputElement | null;
  if (!field || !picker) return;
  picker.hidden = false;
  picker.value = /^\d{4}-\d\d-\d\d/.test(field.value) ? field.value.replace(" ", "T") : "";
  picker.onchange = () => {
    field.value = picker.value.replace("T", " ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  picker.showPicker();
});

onContent((root) => all(root, "[data-focus]")[0]?.focus());

// A form of one question, <form data-go>: choosing is the answer.
document.addEventListener("change", (event) => {
  const form = (event.target as HTMLElement).closest?.<HTMLFormElement>("form[data-go]");
  if (form && event.target instanceof HTMLSelectElement && event.target.value) form.requestSubmit();
});

// A choice after which the form is another one, <div data-asks>: its button asks for it.
document.addEventListener("change", (event) => {
  const button = (event.target as HTMLElement).closest?.("[data-asks]")?.querySelector<HTMLButtonElement>("button[name=_find]");
  if (button) button.form?.requestSubmit(button);
});

const changed = new WeakSet<HTMLFormElement>();
document.addEventListener("input", (event) => {
  const form = (event.target as HTMLElement).closest?.("form");
  if (form?.matches("[data-guard]:not([data-draft])")) changed.add(form);
});
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  changed.delete(form);
  if (form.method !== "post" || event.defaultPrevented) return;
  // A second press while the first is on its way must not save twice.
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});
addEventListener("pageshow", () => document.querySelectorAll<HTMLFormElement>("form[data-sent]").forEach((form) => delete form.dataset.sent));
addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-guard]")) if (changed.has(form)) event.preventDefault();
});

// Who types into a field of many rows means it to be set.
document.addEventListener("input", (event) => {
  const field = (event.target as HTMLElement).closest?.("[data-bulk-field]");
  const how = field?.querySelector<HTMLSelectElement>(".bulk-how select");
  if (how && event.target !== how) how.value = "set";
});
