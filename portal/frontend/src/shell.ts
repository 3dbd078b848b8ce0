// The shell: theme and density at once, folding rail, arrow keys in menus, dialogs, keys that work everywhere.
import { isTyping } from "./page";
import { postQuietly } from "./server";

const root = document.documentElement;

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const choice = event.submitter as HTMLButtonElement | null;
  if (!choice || !form.matches("[data-theme-form], [data-density-form]")) return;
  event.preventDefault();
  if (choice.value === "system" || choice.value === "comfortable") root.removeAttribute(`data-${choice.name}`);
  else root.setAttribute(`data-${choice.name}`, choice.value);
  form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button === choice)));
  postQuietly(form.action, { [choice.name]: choice.value });
});

document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (target.closest("[data-rail-toggle]")) {
    const folded = root.toggleAttribute("data-rail", root.dataset.rail !== "folded");
    if (folded) root.dataset.rail = "folded";
    document.cookie = `rail=${folded ? "folded" : ""}; path=/; max-age=31536000; samesite=lax`;
  }
  const opener = target.closest<HTMLElement>("[data-dialog]");
  if (opener) {
    event.preventDefault();
    document.querySelector<HTMLDialogElement>(`#${CSS.escape(opener.dataset.dialog ?? "")}`)?.showModal();
  }
});

// A press beside an open dialog closes it; what was typed in it stays as a draft.
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

/** In an open menu the arrows walk, Home and End jump. */
function walkMenu(event: KeyboardEvent): void {
  const menu = document.querySelector<HTMLElement>(".menu:popover-open");
  if (!menu || isTyping(event.target) || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  const items = [...menu.querySelectorAll<HTMLElement>("a, button")];
  const here = items.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = { ArrowDown: here + 1, ArrowUp: here < 0 ? items.length - 1 : here - 1, Home: 0, End: items.length - 1 };
  items[((steps[event.key] ?? 0) + items.length) % items.length]?.focus();
  event.preventDefault();
}

function everywhere(event: KeyboardEvent): void {
  if (event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector<HTMLInputElement>("#global-search");
    search?.focus();
    search?.select();
    event.preventDefault();
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = (event.target as Element).closest?.("form");
    const save = form?.querySelector<HTMLButtonElement>("[data-save]");
    if (form && save) {
      event.preventDefault();
      form.requestSubmit(save);
    }
  }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  walkMenu(event);
  everywhere(event);
});
