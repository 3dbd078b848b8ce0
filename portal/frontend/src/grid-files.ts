// The files of a cell: which stay, and new ones, which are sent as soon as they are chosen.
import type { Around } from "./grid-fields";
import type { Typed } from "./grid-rows";
import { make } from "./page";

interface Kept {
  id: string;
  name: string;
  size: number;
}

export class FileChoice {
  private readonly list = make("div", { class: "grid-files" });
  private readonly note = make("p", { class: "description", role: "status" });
  private readonly boxes = new Map<HTMLInputElement, Kept>();
  private sending: Promise<void> = Promise.resolve();
  private isSending = false;

  constructor(
    form: HTMLFormElement,
    private readonly around: Around,
  ) {
    const input = form.querySelector<HTMLInputElement>("input[type=file]");
    input?.closest(".field")?.before(this.list);
    input?.after(this.note);
    input?.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      if (!input.multiple) for (const box of this.boxes.keys()) box.checked = false; // the new one takes its place
      input.value = "";
      this.isSending = true;
      this.sending = this.sending.then(() => this.send(files));
    });
  }

  fill(value: unknown): void {
    for (const one of (value ?? []) as Kept[]) this.add(one);
  }

  read(): Typed | Promise<Typed> {
    return this.isSending ? this.sending.then(() => this.read()) : this.chosen();
  }

  private chosen(): Typed {
    const kept = [...this.boxes].filter(([box]) => box.checked).map(([, one]) => one);
    return { text: kept.map((one) => one.name).join(", "), value: kept.length ? kept : null };
  }

  private add(one: Kept): void {
    const box = make("input", { type: "checkbox", checked: true });
    this.boxes.set(box, one);
    this.list.append(make("label", { class: "check" }, box, make("span", {}, one.name)));
  }

  private async send(files: File[]): Promise<void> {
    const failed: string[] = [];
    for (const file of files) {
      this.note.textContent = `${this.around.say("sending")} ${file.name}`;
      try {
        this.add(await this.sent(file));
      } catch (failure) {
        failed.push(`${file.name}: ${(failure instanceof Refused && failure.message) || this.around.say("notSent")}`);
      }
    }
    this.note.textContent = failed.join(" ");
    this.note.classList.toggle("is-failed", failed.length > 0);
    this.isSending = false;
  }

  private async sent(file: File): Promise<Kept> {
    const body = new FormData();
    body.append("file", file);
    const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    const answer = await fetch(this.around.filesAddress, { method: "POST", body, headers, credentials: "same-origin" });
    const told = (await answer.json()) as Kept & { detail?: string; errors?: { message: string }[] };
    if (!answer.ok) throw new Refused(told.errors?.[0]?.message ?? told.detail);
    return told;
  }
}

class Refused extends Error {}
