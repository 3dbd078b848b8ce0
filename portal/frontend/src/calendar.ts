// The week on a phone is wider than the screen: it opens at today.
import { all, onContent } from "./page";

onContent((root) => {
  for (const week of all(root, ".cal-week-scroll")) {
    const today = week.querySelector<HTMLElement>(".cal-column.is-today");
    if (today && week.scrollWidth > week.clientWidth) week.scrollLeft = today.offsetLeft - (week.querySelector<HTMLElement>(".cal-hours")?.offsetWidth ?? 0);
  }
});
