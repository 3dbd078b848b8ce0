// <cr-panel>: an item beside its list. A click on a row opens it, a second click or Enter the full page,
// arrows walk through the rows, Escape closes. The server answers the row's own address; a request whose
// HX-Target is "panel-body" wants the item without the shell.
import { iconButton, isPhone, isTyping, make, word } from "./page";
import { htmx } from "./server";

class Panel extends HTMLElement {
  private row: HTMLElement | null = null;
  private aside?: HTMLElement;
  private body!: HTMLElement;
  private full!: HTMLAnchorElement;
  private timer = 0;

  connectedCallback(): void {
    document.addEventListener("click", (event) => this.press(event));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  private build(): void {
    if (this.aside) return;
    const button = (name: string, label: string, act: () => void): HTMLElement => {
      const element = iconButton(name, label);
      element.addEventListener("click", act);
      return element;
    };
    this.full = make("a", { class: "button button-quiet" }, word("openFull"));
    this.body = make("div", { class: "panel-body", id: "panel-body", tabindex: "-1" });
    const bar = make("div", { class: "panel-bar" }, button("chevron-up", word("previous"), () => this.step(-1)), button("chevron-down", word("next"), () => this.step(1)), make("span", { class: "grow" }), this.full, button("close", word("close"), () => this.close()));
    this.aside = make("aside", { class: "panel", "aria-label": word("panel") }, bar, this.body);
    this.replaceChildren(this.aside);
  }

  private rows(): HTMLElement[] {
    const table = this.row?.closest("table") ?? document.querySelector("table[data-table]");
    return [...(table?.querySelectorAll<HTMLElement>("tr[data-href]") ?? [])];
  }

  private press(event: MouseEvent): void {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>("tr[data-href]");
    if (!row || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || isPhone()) return;
    const control = target.closest("a, button, input, label, select, textarea, [popover]");
    if (control && !control.matches(".cell-title > a")) return;
    if (getSelection()?.toString()) return;
    event.preventDefault();
    if (row === this.row) location.assign(row.dataset.href ?? "");
    else this.open(row);
  }

  private open(row: HTMLElement): void {
    this.build();
    this.row?.classList.remove("is-current");
    this.row = row;
    row.classList.add("is-current");
    row.scrollIntoView({ block: "nearest" });
    row.querySelector<HTMLElement>(".cell-title a")?.focus({ preventScroll: true });
    this.full.href = row.dataset.href ?? "";
    this.setAttribute("open", "");
    // Walking fast over rows asks the server only for the one where the walk rests.
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.body.setAttribute("aria-busy", "true");
      void htmx.ajax("get", row.dataset.href ?? "", { target: "#panel-body", swap: "innerHTML" }).then(() => this.body.removeAttribute("aria-busy"));
    }, 60);
  }

  private step(by: number): void {
    const rows = this.rows();
    const next = rows[(this.row ? rows.indexOf(this.row) : -1) + by];
    if (next) this.open(next);
  }

  close(): void {
    const link = this.row?.querySelector<HTMLElement>(".cell-title a");
    this.row?.classList.remove("is-current");
    this.row = null;
    this.removeAttribute("open");
    link?.focus();
  }

  private key(event: KeyboardEvent): void {
    if (!this.row || event.defaultPrevented || isTyping(event.target) || document.querySelector(":popover-open, dialog[open]")) return;
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown") this.step(1);
    else if (event.key === "ArrowUp") this.step(-1);
    else if (event.key === "Enter" && !(event.target as Element).closest("a, button")) location.assign(this.row.dataset.href ?? "");
    else return;
    event.preventDefault();
  }
}

customElements.define("cr-panel", Panel);
