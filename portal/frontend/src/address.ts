// An address's fields stand in the order in which the chosen country writes them: <div data-orders> has the orders.

type Lines = string[][];

document.addEventListener("change", (event) => {
  const country = event.target as HTMLElement;
  const box = country.closest?.<HTMLElement>("[data-orders]");
  if (box && country instanceof HTMLSelectElement) arrange(box, country);
});

function arrange(box: HTMLElement, country: HTMLSelectElement): void {
  const orders = JSON.parse(box.dataset.orders ?? "{}") as Record<string, Lines>;
  const lines = orders[country.value] ?? orders[""] ?? [];
  const focused = box.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  const rows = lines.map((parts) => {
    const row = document.createElement("div");
    row.className = "fields-row";
    row.append(...parts.map((part) => field(box, part)).filter((one): one is Element => one !== null));
    return row;
  });
  const own = country.closest(".field");
  if (own) rows.at(-1)?.append(own);
  box.replaceChildren(...rows);
  focused?.focus();
}

const field = (box: HTMLElement, part: string): Element | null => box.querySelector(`[name$="-${part}"]`)?.closest(".field") ?? null;
