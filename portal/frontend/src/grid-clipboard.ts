// A block of cells as Excel and other programs copy it: tab-separated text with quoted line breaks, and an HTML table.

/** The rows of tab-separated text; a cell in quotes may hold tabs, line breaks and doubled quotes. */
export function readBlock(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at <= text.length) {
    let cell: string;
    [cell, at] = text[at] === '"' ? quoted(text, at) : plain(text, at);
    row.push(cell);
    if (text[at] === "\t") at += 1;
    else {
      rows.push(row);
      row = [];
      if (text[at] === "\r") at += 1;
      if (text[at] === "\n") at += 1;
      if (at >= text.length) break;
    }
  }
  const width = Math.max(...rows.map((one) => one.length));
  return rows.map((one) => [...one, ...Array<string>(width - one.length).fill("")]);
}

function plain(text: string, from: number): [string, number] {
  let to = from;
  while (to < text.length && !"\t\r\n".includes(text[to] as string)) to += 1;
  return [text.slice(from, to), to];
}

/** A cell in quotes; where the closing quote is missing, or more follows it, the quote was just a letter. */
function quoted(text: string, from: number): [string, number] {
  let cell = "";
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] !== '"') cell += text[at];
    else if (text[at + 1] === '"') cell += text[at++];
    else return at + 1 === text.length || "\t\r\n".includes(text[at + 1] as string) ? [cell.replace(/\r\n/g, "\n"), at + 1] : plain(text, from);
  }
  return plain(text, from);
}

export function writeBlock(rows: string[][]): string {
  return rows.map((row) => row.map((cell) => (/["\t\r\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell)).join("\t")).join("\r\n");
}

export function writeTable(rows: string[][]): string {
  const table = document.createElement("table");
  for (const row of rows) {
    const line = table.insertRow();
    for (const cell of row) line.insertCell().textContent = cell;
  }
  return table.outerHTML;
}
