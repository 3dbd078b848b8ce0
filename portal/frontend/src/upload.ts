// <cr-upload refresh="#documents"> around an ordinary upload form: files dropped or chosen go one by one, each with a
// row that shows its progress and, when refused, why, with a button to try again.
import { icon, make, word } from "./page";
import { csrfToken, htmx, problemText } from "./server";

class Upload extends HTMLElement {
  private form!: HTMLFormElement;
  private rows!: HTMLElement;
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;

  connectedCallback(): void {
    const form = this.querySelector("form");
    if (!form || this.form) return;
    this.form = form;
    this.rows = make("ul", { class: "uploads", "aria-live": "polite" });
    this.append(this.rows);
    const input = form.querySelector<HTMLInputElement>("input[type=file]");
    input?.addEventListener("change", () => {
      this.take(input.files);
      input.value = "";
    });
    for (const type of ["dragenter", "dragover"]) this.addEventListener(type, (event) => this.over(event as DragEvent, true));
    this.addEventListener("dragleave", (event) => this.over(event, false));
    this.addEventListener("drop", (event) => {
      this.over(event, false);
      this.take(event.dataTransfer?.files ?? null);
    });
  }

  private over(event: DragEvent, over: boolean): void {
    event.preventDefault();
    this.form.classList.toggle("is-over", over);
  }

  private take(files: FileList | null): void {
    for (const file of files ?? []) this.add(file);
  }

  private add(file: File): void {
    const bar = make("progress", { max: "100", value: "0", "aria-label": file.name });
    const note = make("span", { class: "upload-note" });
    const row = make("li", { class: "upload" }, icon("document"), make("span", { class: "truncate" }, file.name), make("span"), bar, note);
    this.rows.append(row);
    this.enqueue(file, row, bar, note);
  }

  private enqueue(file: File, row: HTMLElement, bar: HTMLProgressElement, note: HTMLElement): void {
    this.waiting += 1;
    row.classList.remove("is-failed");
    note.textContent = "";
    bar.hidden = false;
    this.queue = this.queue.then(async () => {
      try {
        await this.send(file, bar);
        note.textContent = word("uploaded");
      } catch (failure) {
        row.classList.add("is-failed");
        note.textContent = `${word("uploadFailed")}: ${(failure as Error).message}`;
        const again = make("button", { type: "button", class: "button button-quiet" }, word("retry"));
        again.addEventListener("click", () => {
          again.remove();
          this.enqueue(file, row, bar, note);
        });
        row.children[2]?.append(again);
      }
      bar.hidden = true;
      this.waiting -= 1;
      if (!this.waiting) this.finished();
    });
  }

  private send(file: File, bar: HTMLProgressElement): Promise<void> {
    const input = this.form.querySelector<HTMLInputElement>("input[type=file]");
    const body = new FormData(this.form);
    body.delete(input?.name ?? "file");
    body.append(input?.name ?? "file", file);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.form.action);
      request.setRequestHeader("X-CSRFToken", csrfToken());
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => event.lengthComputable && (bar.value = (100 * event.loaded) / event.total);
      request.onload = () => (request.status < 400 ? resolve() : reject(new Error(problemText(request.responseText))));
      request.onerror = () => reject(new Error(word("offline")));
      request.send(body);
    });
  }

  /** When all went through, the list shows the new files; a refused one keeps its row and its reason. */
  private finished(): void {
    this.dispatchEvent(new CustomEvent("cr-upload-done", { bubbles: true }));
    const failed = this.rows.querySelector(".is-failed");
    const target = this.getAttribute("refresh");
    if (target) htmx.trigger(target, "refresh", {});
    else if (!failed) location.reload();
  }
}

customElements.define("cr-upload", Upload);
