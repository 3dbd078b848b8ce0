// <cr-lookup url="…" create="…" create-label="…"> around a native <select>: type-ahead over it. The select stays in the
// form and holds the answer; without scripts it is the field. `url` answers ?q= with [{id, title, detail}].
import { Combobox, type Option } from "./combobox";
import { icon, make, word } from "./page";
import { getJson, htmx } from "./server";

interface Found {
  id: number | string;
  title: string;
  detail?: string | null;
}

class Lookup extends HTMLElement {
  private select!: HTMLSelectElement;
  private input!: HTMLInputElement;
  private box!: HTMLElement;

  connectedCallback(): void {
    const select = this.querySelector("select");
    if (!select || this.input) return;
    this.select = select;
    this.input = make("input", { type: "text", placeholder: word("keepTyping") });
    this.box = make("div", { class: "input lookup-box" }, this.input);
    this.takeOver();
    this.append(this.box);
    new Combobox(this.input, this, { whenEmpty: true, find: (typed, signal) => this.find(typed, signal) });
    this.input.addEventListener("keydown", (event) => {
      const last = this.chosen().at(-1);
      if (event.key === "Backspace" && !this.input.value && last) this.drop(last);
    });
    this.input.addEventListener("blur", () => (this.input.value = ""));
    this.select.addEventListener("change", () => this.draw());
    this.draw();
  }

  /** The input takes the select's label, description, error and focus; the select stays, hidden, as the value. */
  private takeOver(): void {
    const { id } = this.select;
    this.select.id = `${id}-value`;
    this.select.hidden = true;
    this.input.id = id;
    for (const name of ["aria-describedby", "aria-invalid", "aria-required", "autofocus"]) {
      const value = this.select.getAttribute(name);
      if (value !== null) this.input.setAttribute(name, value);
    }
    this.select.required = false;
    const label = this.closest(".field")?.querySelector("label");
    if (label?.firstChild?.textContent) this.input.setAttribute("aria-label", label.textContent?.trim() ?? "");
    if (this.input.getAttribute("aria-invalid")) this.box.setAttribute("aria-invalid", "true");
  }

  private chosen(): HTMLOptionElement[] {
    return [...this.select.selectedOptions].filter((option) => option.value);
  }

  private draw(): void {
    this.box.querySelectorAll(".chip").forEach((chip) => chip.remove());
    for (const option of this.chosen()) {
      const label = `${word("remove")} ${option.text}`;
      const off = make("button", { type: "button", title: label, "aria-label": label }, icon("close"));
      off.addEventListener("click", () => {
        this.drop(option);
        this.input.focus();
      });
      this.input.before(make("span", { class: "chip" }, make("span", { class: "truncate" }, option.text), off));
    }
    this.input.placeholder = this.chosen().length ? "" : word("keepTyping");
  }

  private drop(option: HTMLOptionElement): void {
    option.selected = false;
    if (!this.select.multiple) this.select.value = "";
    this.changed();
  }

  pick(found: Found): void {
    const value = String(found.id);
    let option = [...this.select.options].find((entry) => entry.value === value);
    if (!option) this.select.append((option = new Option(found.title, value)));
    option.selected = true;
    this.input.value = "";
    this.changed();
  }

  private changed(): void {
    // The select's own listener draws; forms hear of it for drafts and hx-trigger.
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private async find(typed: string, signal: AbortSignal): Promise<Option[]> {
    const found = await this.candidates(typed, signal);
    const taken = new Set(this.chosen().map((option) => option.value));
    const options: Option[] = found
      .filter((entry) => !taken.has(String(entry.id)))
      .map((entry) => ({ title: entry.title, detail: entry.detail, choose: () => this.pick(entry) }));
    const create = this.getAttribute("create");
    if (create && typed) options.push({ title: `${this.getAttribute("create-label")}: ${typed}`, icon: "plus", choose: () => this.create(create, typed) });
    return options;
  }

  private async candidates(typed: string, signal: AbortSignal): Promise<Found[]> {
    const url = this.getAttribute("url");
    if (!url) {
      const wanted = typed.toLocaleLowerCase();
      return [...this.select.options]
        .filter((option) => option.value && option.text.toLocaleLowerCase().includes(wanted))
        .map((option) => ({ id: option.value, title: option.text }));
    }
    const address = new URL(url, location.href);
    address.searchParams.set("q", typed);
    return await getJson<Found[]>(address, signal);
  }

  /** Opens the form for a new item in the dialog; its answer carries HX-Trigger {"created": {"id", "title"}}. */
  private create(address: string, typed: string): void {
    const dialog = document.querySelector<HTMLDialogElement>("#dialog");
    const body = dialog?.querySelector<HTMLElement>(".dialog-body");
    if (!dialog || !body) return;
    const url = new URL(address, location.href);
    url.searchParams.set("name", typed);
    const created = (event: Event): void => {
      this.pick((event as CustomEvent<Found>).detail);
      dialog.close();
    };
    document.addEventListener("created", created);
    dialog.addEventListener("close", () => {
      document.removeEventListener("created", created);
      body.replaceChildren();
      this.input.focus();
    }, { once: true });
    void htmx.ajax("get", url.pathname + url.search, { target: body, swap: "innerHTML" });
    dialog.querySelector("h2")!.textContent = this.getAttribute("create-label");
    dialog.showModal();
  }
}

customElements.define("cr-lookup", Lookup);
