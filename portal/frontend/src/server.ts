// Talking with the server: htmx, the CSRF token, JSON, and what to say when there is no answer.
import htmx from "htmx.org";
import { word } from "./page";
import { showToast } from "./toasts";

export const csrfToken = (): string => document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";

/** GETs JSON; aborts when `signal` says so. Throws on any answer but 200. */
export async function getJson<T>(address: URL, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()) as T;
}

/** POSTs form fields in the background, without waiting for what comes back. */
export function postQuietly(action: string, fields: Record<string, string>): void {
  const body = new URLSearchParams(fields);
  void fetch(action, { method: "POST", body, credentials: "same-origin", headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } }).catch(() => undefined);
}

document.addEventListener("htmx:configRequest", (event) => {
  const { detail } = event as CustomEvent<{ verb: string; headers: Record<string, string> }>;
  if (detail.verb !== "get") detail.headers["X-CSRFToken"] = csrfToken();
});

// A refused form (422) and an edit conflict (409) come with a page part to show.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = event as CustomEvent<{ xhr: XMLHttpRequest; shouldSwap: boolean; isError: boolean }>;
  if (detail.xhr.status === 422 || detail.xhr.status === 409) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
  showToast({ text: xhr.status === 401 ? word("signedOut") : problemText(xhr.responseText), kind: "danger" });
});
document.addEventListener("htmx:sendError", () => showToast({ text: word("offline"), kind: "danger" }));

/** What a problem-details answer (RFC 9457) says, else our own general words. */
export function problemText(body: string): string {
  try {
    const problem = JSON.parse(body) as { detail?: unknown; title?: unknown; errors?: { message?: string }[] };
    const first = problem.errors?.[0]?.message ?? problem.detail ?? problem.title;
    if (typeof first === "string") return first;
  } catch {
    // An HTML page, or nothing: our own words do.
  }
  return word("refused");
}

export { htmx };
