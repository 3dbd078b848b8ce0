// The search box in the top bar answers while one types; Enter without a choice opens the result page.
import { Combobox, type Option } from "./combobox";
import { getJson } from "./server";
import { word } from "./page";

interface Suggestion {
  list: string;
  title: string;
  detail?: string | null;
  href: string;
  icon?: string | null;
}

const form = document.querySelector<HTMLFormElement>("form[data-suggest]");
const input = form?.querySelector<HTMLInputElement>("input[name=q]");
if (form && input) {
  new Combobox(input, form, {
    async find(typed, signal): Promise<Option[]> {
      const address = new URL(form.dataset.suggest ?? "", location.href);
      address.searchParams.set("q", typed);
      const found = await getJson<Suggestion[]>(address, signal);
      const options: Option[] = found.map((entry) => ({ ...entry, choose: () => location.assign(entry.href) }));
      if (found.length) options.push({ title: `${word("allResults")}: ${typed}`, icon: "search", choose: () => form.submit() });
      return options;
    },
  });
}
