// Tables: choosing rows (all, a range with Shift), the bar of what can be done with them, arrows between rows.
import { isTyping, onContent, word } from "./page";

function boxes(form: string): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>(`.cell-check input[name=id][form="${CSS.escape(form)}"]`)];
}

function show(form: string): void {
  const chosen = boxes(form).filter((box) => box.checked);
  for (const box of boxes(form)) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
  const bar = document.querySelector<HTMLElement>(`[data-bulk="${CSS.escape(form)}"]`);
  if (!bar) return;
  bar.hidden = !chosen.length;
  const count = bar.querySelector("[data-bulk-count]");
  if (count) count.textContent = word("selected").replace("{count}", String(chosen.length));
  const every = boxes(form)[0]?.closest("table")?.querySelector<HTMLInputElement>("[data-select-all]");
  if (every) {
    every.checked = chosen.length > 0 && chosen.length === boxes(form).length;
    every.indeterminate = chosen.length > 0 && !every.checked;
  }
}

onContent((root) => {
  for (const bar of root.querySelectorAll<HTMLElement>("[data-bulk]")) show(bar.dataset.bulk ?? "");
});

let last: HTMLInputElement | null = null;
document.addEventListener("click", (event) => {
  const target = event.target as Element;
  const clear = target.closest<HTMLElement>("[data-bulk-clear]")?.closest<HTMLElement>("[data-bulk]");
  if (clear) {
    for (const box of boxes(clear.dataset.bulk ?? "")) box.checked = false;
    show(clear.dataset.bulk ?? "");
  }
  if (!(target instanceof HTMLInputElement)) return;
  if (target.matches("[data-select-all]")) {
    const form = target.closest("table")?.querySelector(".cell-check input[name=id]")?.getAttribute("form") ?? "";
    for (const box of boxes(form)) box.checked = target.checked;
    show(form);
  } else if (target.matches(".cell-check input[name=id]")) {
    const form = target.getAttribute("form") ?? "";
    const row = boxes(form);
    if (event.shiftKey && last && row.includes(last)) {
      const [from, to] = [row.indexOf(last), row.indexOf(target)].sort((a, b) => a - b) as [number, number];
      for (const box of row.slice(from, to + 1)) box.checked = target.checked;
    }
    last = target;
    show(form);
  }
});

// A group's rows fold away below its own row, up to the next group of the same or a higher level.
document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-group-fold]");
  const head = button?.closest<HTMLElement>("tr[data-group]");
  if (!button || !head) return;
  const folded = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!folded));
  const level = Number(head.dataset.group);
  for (let row = head.nextElementSibling; row instanceof HTMLElement; row = row.nextElementSibling) {
    if (row.dataset.group && Number(row.dataset.group) <= level) break;
    row.hidden = folded;
    row.querySelector("[data-group-fold]")?.setAttribute("aria-expanded", String(!folded));
  }
});

// Arrows move between the rows' titles, j and k too; x chooses the row.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const table = (event.target as Element).closest?.("table[data-table]") ?? null;
  if (!table) return;
  const links = [...table.querySelectorAll<HTMLElement>(".cell-title a")];
  const row = (event.target as Element).closest("tr");
  const here = links.findIndex((link) => link.closest("tr") === row);
  if (event.key === "x") row?.querySelector<HTMLInputElement>(".cell-check input")?.click();
  else if (["ArrowDown", "j"].includes(event.key)) links[here + 1]?.focus();
  else if (["ArrowUp", "k"].includes(event.key)) links[here - 1]?.focus();
  else return;
  event.preventDefault();
});

// A link that says `data-key` is followed by that key alone.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (document.querySelector("dialog[open]") || !/^[a-z]$/.test(event.key)) return;
  document.querySelector<HTMLAnchorElement>(`a[data-key="${event.key}"]`)?.click();
});
