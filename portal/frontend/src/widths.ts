// A column's edge is drawn with the pointer, or with the arrows: the width goes into one's own view, else into the address.
import { isPhone, make, onContent, word } from "./page";
import { csrfToken, htmx, problemText } from "./server";
import { showToast } from "./toasts";

const STEP = 16;


const heads = (table: HTMLTableElement): HTMLElement[] => [...table.querySelectorAll<HTMLElement>("th[data-column]")];

/** The widths that stand written, those of columns that are not shown too. */
function written(table: HTMLTableElement): Map<string, number> {
  const parts = (table.dataset.widths ?? "").split(",").filter((part) => part.includes(":"));
  return new Map(parts.map((part) => [part.slice(0, part.lastIndexOf(":")), Number(part.slice(part.lastIndexOf(":") + 1))]));
}

/** Before the first change every column is held as wide as it is, so that only the drawn one moves. */
function hold(table: HTMLTableElement): void {
  if (table.classList.contains("has-widths")) return;
  const cells = [...table.querySelectorAll<HTMLElement>("thead > tr > th")];
  const columns = cells.map((cell) => {
    const col = make("col");
    if (!cell.matches(".cell-actions")) col.width = String(Math.round(cell.offsetWidth));
    return col;
  });
  table.querySelector("colgroup")?.remove();
  table.querySelector("caption")?.after(make("colgroup", {}, ...columns));
  table.classList.add("has-widths");
}

function colOf(table: HTMLTableElement, head: HTMLElement): HTMLTableColElement {
  const place = [...(head.parentElement?.children ?? [])].indexOf(head);
  return table.querySelectorAll<HTMLTableColElement>("colgroup > col")[place] as HTMLTableColElement;
}

function draw(table: HTMLTableElement, edge: HTMLElement, width: number): void {
  const [least, most] = [Number(table.dataset.widthsMin), Number(table.dataset.widthsMax)];
  const head = edge.parentElement as HTMLElement;
  hold(table);
  const made = Math.round(Math.min(Math.max(width, least), most));
  colOf(table, head).width = String(made);
  edge.setAttribute("aria-valuenow", String(made));
}

async function keep(table: HTMLTableElement): Promise<void> {
  const widths = written(table);
  const [least, most] = [Number(table.dataset.widthsMin), Number(table.dataset.widthsMax)];
  for (const head of heads(table)) {
    const width = Number(colOf(table, head).width);
    widths.set(head.dataset.column ?? "", Math.min(Math.max(width, least), most));
  }
  const text = [...widths].map(([name, width]) => `${name}:${width}`).join(",");
  if (text === table.dataset.widths) return;
  table.dataset.widths = text;
  const { widthsSave, widthsShow } = table.dataset;
  if (widthsShow) {
    const address = new URL(widthsShow, location.href);
    address.searchParams.set("widths", text);
    const drawn = document.activeElement?.closest<HTMLElement>("th[data-column]")?.dataset.column;
    await htmx.ajax("get", address.pathname + address.search, { target: "#rows", swap: "outerHTML show:none" });
    if (drawn) document.querySelector<HTMLElement>(`th[data-column="${CSS.escape(drawn)}"] .column-edge`)?.focus();
  } else if (widthsSave) {
    const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
    const sent = fetch(widthsSave, { method: "POST", body: new URLSearchParams({ widths: text }), credentials: "same-origin", headers });
    const answer = await sent.catch(() => null);
    if (!answer?.ok) showToast({ text: answer ? problemText(await answer.text()) : word("offline"), kind: "danger" });
  }
}

let waiting = 0;
/** Saves when the keys rest, so that holding one down asks once. */
function keepSoon(table: HTMLTableElement): void {
  clearTimeout(waiting);
  waiting = window.setTimeout(() => void keep(table), 700);
}

function follow(table: HTMLTableElement, edge: HTMLElement, start: PointerEvent): void {
  if (start.button) return;
  start.preventDefault();
  const width = (edge.parentElement as HTMLElement).offsetWidth;
  const towards = getComputedStyle(table).direction === "rtl" ? -1 : 1;
  edge.setPointerCapture(start.pointerId);
  edge.classList.add("is-dragged");
  edge.focus();
  const move = (event: PointerEvent): void => draw(table, edge, width + towards * (event.clientX - start.clientX));
  const end = (event: Event): void => {
    edge.removeEventListener("pointermove", move);
    edge.classList.remove("is-dragged");
    if (event.type === "pointercancel") draw(table, edge, width);
    else if (table.classList.contains("has-widths")) void keep(table);
  };
  edge.addEventListener("pointermove", move);
  edge.addEventListener("pointerup", end, { once: true });
  edge.addEventListener("pointercancel", end, { once: true });
}

function press(table: HTMLTableElement, edge: HTMLElement, event: KeyboardEvent): void {
  const width = (edge.parentElement as HTMLElement).offsetWidth;
  const step = event.shiftKey ? STEP * 4 : STEP;
  const wanted = { ArrowLeft: width - step, ArrowRight: width + step, Home: Number(table.dataset.widthsMin) }[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  draw(table, edge, wanted);
  keepSoon(table);
}

onContent((root) => {
  if (isPhone()) return;
  for (const table of root.querySelectorAll<HTMLTableElement>("table[data-widths]")) {
    for (const head of heads(table)) {
      const edge: HTMLElement = make("span", {
        class: "column-edge",
        role: "separator",
        tabindex: "0",
        "aria-orientation": "vertical",
        "aria-label": word("widthOf").replace("{column}", head.dataset.label ?? ""),
        "aria-valuemin": table.dataset.widthsMin,
        "aria-valuemax": table.dataset.widthsMax,
        "aria-valuenow": String(Math.round(head.offsetWidth)),
      });
      edge.addEventListener("pointerdown", (event) => follow(table, edge, event));
      edge.addEventListener("keydown", (event) => press(table, edge, event));
      edge.addEventListener("click", (event) => event.stopPropagation());
      head.classList.add("is-drawn");
      head.append(edge);
    }
  }
});

// The colour beside a rule is the chosen one.
document.addEventListener("change", (event) => {
  const select = event.target as HTMLSelectElement;
  const swatch = select.closest?.(".colour-rules > li")?.querySelector<HTMLElement>("[data-swatch]");
  if (!swatch || select.name !== "colour") return;
  swatch.className = "rule-swatch";
  swatch.classList.add(`row-hue-${select.selectedIndex + 1}`);
});
