// A part of the page that is asked for when somebody reaches for it: a column's menu, the filter form.
// It stands behind the button or summary that opens it and says in `data-part` where its content is.
import { htmx } from "./server";

async function bring(event: Event): Promise<void> {
  const opener = (event.target as Element).closest?.("button, summary");
  const part = opener?.nextElementSibling;
  if (!(part instanceof HTMLElement) || !part.dataset.part) return;
  const address = part.dataset.part;
  delete part.dataset.part; // so that it is asked for once
  part.setAttribute("aria-busy", "true");
  let refused = false;
  part.addEventListener("htmx:responseError", () => (refused = true), { once: true });
  await htmx.ajax("get", address, { source: part, target: part, swap: "innerHTML" }).catch(() => (refused = true));
  part.removeAttribute("aria-busy");
  if (refused) part.dataset.part = address;
}

// The pointer goes down, and the key's focus arrives, before the press that opens.
for (const kind of ["pointerdown", "focusin", "click"]) document.addEventListener(kind, (event) => void bring(event));
