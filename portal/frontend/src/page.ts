// Small things the other files share: finding elements, making them, and the words of the reader's language.

const words: Record<string, string> = JSON.parse(
  document.querySelector<HTMLTemplateElement>("#words")?.content.textContent || "{}",
);
const iconAddress = document.querySelector<HTMLTemplateElement>("#icon-address")?.content.textContent ?? "";

/** The text of `key` in the reader's language (templates/_foot.html holds them). */
export function word(key: string): string {
  return words[key] ?? key;
}

/** Runs `set` now and for every part of the page that htmx puts in later. */
export function onContent(set: (root: ParentNode) => void): void {
  set(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target instanceof HTMLElement && event.target !== document.body) set(event.target);
  });
}

/** Elements below `root` that match, and `root` itself if it does. */
export function all<E extends HTMLElement>(root: ParentNode, selector: string): E[] {
  const found = [...root.querySelectorAll<E>(selector)];
  if (root instanceof HTMLElement && root.matches(selector)) found.unshift(root as E);
  return found;
}

type Child = Node | string | null | undefined | false;

/** A new element; attributes that are undefined or false are left out. Text is never read as HTML. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A picture from the sprite. */
export function icon(name: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${iconAddress}#${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows a picture only; `label` is read aloud and shown as tooltip. */
export function iconButton(name: string, label: string, attributes: Record<string, string> = {}): HTMLButtonElement {
  return make(
    "button",
    { type: "button", class: "button button-quiet button-icon", title: label, "aria-label": label, ...attributes },
    icon(name),
  );
}

/** Whether a key press belongs to something the reader types in. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

export const isPhone = (): boolean => matchMedia("(max-width: 640px)").matches;

let counter = 0;
export const newId = (prefix: string): string => `${prefix}-${++counter}`;
