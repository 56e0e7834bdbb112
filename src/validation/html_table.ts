/** Returns a table of cells that are HTML already; columns of numbers are aligned to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumeric = (text: string) => /^(?:[-+\d.,%() ]|\bto\b| s$)+$/.test(text);
  const classes = headings.map((_, column) =>
    column > 0 && rows.length && rows.every((cells) => isNumeric(cells[column] ?? ""))
      ? ' class="n"'
      : ""
  );
  const heading = headings.map((text, column) => `<th${classes[column]}>${text}</th>`).join("");
  const body = rows.map((cells) =>
    `<tr>${
      cells.map((cell, column) =>
        column ? `<td${classes[column]}>${cell}</td>` : `<th>${cell}</th>`
      ).join("")
    }</tr>`
  );
  return `<div class="scroll"><table><thead><tr>${heading}</tr></thead>
<tbody>${body.join("\n")}</tbody></table></div>`;
}

/** Escapes any values as cells. */
export function escapeCells(cells: readonly unknown[]): string[] {
  return cells.map((cell) => escapeHtml(String(cell)));
}

/** Escapes a text for HTML and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
