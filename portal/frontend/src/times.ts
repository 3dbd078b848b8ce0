// <time data-relative datetime="…">: "12 minutes ago", kept true while the page is open; the tooltip keeps the full time.
import { all, onContent } from "./page";

const format = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });
const STEPS: [limit: number, seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86_400, 3600, "hour"],
  [7 * 86_400, 86_400, "day"],
];

/** Yesterday is the day before this one, however many hours ago. */
const days = (then: number): number => Math.round((new Date(then).setHours(12, 0, 0, 0) - new Date().setHours(12, 0, 0, 0)) / 86_400_000);

function tell(time: HTMLTimeElement): void {
  const then = Date.parse(time.dateTime);
  const seconds = (then - Date.now()) / 1000;
  const step = STEPS.find(([limit]) => Math.abs(seconds) < limit);
  // Older than a week: the server's date says more than a count of days.
  if (Number.isNaN(then) || !step) return;
  const [, length, unit] = step;
  const count = unit === "second" ? 0 : unit === "day" ? days(then) : Math.trunc(seconds / length);
  time.textContent = format.format(count, unit);
}

const tellAll = (root: ParentNode): void => all<HTMLTimeElement>(root, "time[data-relative]").forEach(tell);
onContent(tellAll);
setInterval(() => document.hidden || tellAll(document), 60_000);
