// Messages of what happened: those the server put on the page, and those that come with an answer of htmx
// (HX-Trigger: {"toast": {"text": "Filed with Tatra Steel.", "undo": "/undo/17"}}).
import { icon, iconButton, make, word } from "./page";
import { csrfToken } from "./server";

export interface Toast {
  text: string;
  kind?: "ok" | "warn" | "danger";
  /** Where Undo posts to. */
  undo?: string;
}

const LASTS = 8000;

const tray = (): HTMLElement | null => document.querySelector(".toasts");

export function showToast(toast: Toast): void {
  const element = make(
    "div",
    { class: `toast${toast.kind ? ` toast-${toast.kind}` : ""}` },
    make("p", {}, toast.text),
    toast.undo !== undefined && undoForm(toast.undo),
    iconButton("close", word("dismiss"), { "data-dismiss": "" }),
  );
  tray()?.append(element);
  fade(element);
}

function undoForm(action: string): HTMLFormElement {
  return make(
    "form",
    { method: "post", action, class: "inline" },
    make("input", { type: "hidden", name: "csrf_token", value: csrfToken() }),
    make("button", { class: "button button-quiet" }, icon("undo"), word("undo")),
  );
}

/** Goes by itself, but not while it is read, nor when it tells of a failure. */
function fade(toast: HTMLElement): void {
  if (toast.matches(".toast-danger")) return;
  const leave = (): void => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, LASTS);
    else toast.remove();
  };
  setTimeout(leave, LASTS);
}

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest?.("[data-dismiss]");
  button?.closest(".toast")?.remove();
});
document.addEventListener("toast", (event) => showToast((event as CustomEvent<Toast>).detail));
tray()?.querySelectorAll<HTMLElement>(".toast").forEach(fade);
