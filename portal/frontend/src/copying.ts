// Copying: an item's address from its menu, and the texts of fields that are there to be copied.
import { word } from "./page";
import { showToast } from "./toasts";

/** Put a text on the clipboard; where the browser keeps that from pages without TLS, by a selection. */
async function copy(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-copy-link]") : null;
  const address = button?.dataset.copyLink;
  if (button === null || address === undefined) return;
  button.closest<HTMLElement>("[popover]")?.hidePopover();
  copy(new URL(address, location.href).href).then(
    () => showToast({ text: word("linkCopied"), kind: "ok" }),
    () => showToast({ text: address, kind: "warn" }),
  );
});

document.addEventListener("focusin", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.matches("[data-copy]")) event.target.select();
});
