/** A point of InfluxDB line protocol. */
export interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Integers are `bigint`. */
  readonly fields: Readonly<Record<string, string | number | bigint | boolean>>;
  readonly time: bigint;
}

/** Characters that a backslash escapes outside quotes; before others it is a backslash. */
const ESCAPED = /\\([ ,=])/g;

/**
 * Parses one line by the published grammar: elements are separated by the first two spaces that are
 * neither escaped nor between quotes.
 *
 * @throws {Error} if the line is no point
 */
export function parseLine(line: string): Point {
  // Quotes have no meaning before the fields.
  const [series = "", ...others] = split(line, " ", { isQuotable: false });
  const [fieldSet, time, ...rest] = split(others.join(" "), " ");
  if (!series || !fieldSet || !time || rest.length > 0) throw new Error(`No point: ${line}`);
  if (!/^-?\d+$/.test(time)) throw new Error(`No time: ${time}`);
  const [measurement = "", ...tags] = split(series, ",", { isQuotable: false });
  return {
    measurement,
    tags: Object.fromEntries(tags.map((tag) => {
      const [key = "", value = "", ...more] = split(tag, "=", { isQuotable: false });
      if (value === "" || more.length > 0) throw new Error(`No tag: ${tag}`);
      return [key, value.replaceAll(ESCAPED, "$1")];
    })),
    fields: Object.fromEntries(
      split(fieldSet, ",").map((field) => {
        const [key = "", value = "", ...more] = split(field, "=");
        if (more.length > 0) throw new Error(`No field: ${field}`);
        return [key, parseField(value)];
      }),
    ),
    time: BigInt(time),
  };
}

function parseField(text: string): string | number | bigint | boolean {
  if (/^"(?:[^"\\]|\\.)*"$/su.test(text)) return text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
  if (/^-?\d+i$/.test(text)) return BigInt(text.slice(0, -1));
  if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  throw new Error(`No value: ${text}`);
}

/** Splits a text at a separator that is neither escaped nor, if it has quotes, between them. */
function split(text: string, separator: string, { isQuotable = true } = {}): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    // A quote begins a text only at its start.
    if (isQuotable && character === '"' && (isQuoted || text[at - 1] === "=")) isQuoted = !isQuoted;
    else if (character === "\\" && (isQuoted || text[at + 1] === separator)) at++;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}
