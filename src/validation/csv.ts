/** Parses comma-separated cells (RFC 4180): quoted cells may contain commas, quotes and newlines. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cells = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/gy;
  const source = text.replace(/^\uFEFF/, "");
  for (let match = cells.exec(source); match; match = cells.exec(source)) {
    const [, cell = "", separator] = match;
    row.push((cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell).trim());
    if (separator !== ",") {
      if (row.length > 1 || row[0] !== "") rows.push(row);
      row = [];
    }
    if (separator === "") break;
  }
  return rows;
}
