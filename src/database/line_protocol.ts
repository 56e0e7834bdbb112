import { columnsOf, type Row } from "./tables.ts";

/**
 * Encodes a row in InfluxDB line protocol, with a newline: the table is the measurement, the device
 * is the only tag, and the other values are fields. A null is a missing field. The time is in
 * nanoseconds. Two rows with one time and device are one point, so that a row that is written again
 * changes nothing.
 */
export function encodeLine({ table, values }: Row): string {
  const row: Readonly<Record<string, string | number | boolean | null>> = values;
  const fields = columnsOf(table).flatMap(([name, { type }]) => {
    const value = row[name];
    if (name === "device" || name === "time" || value === null || value === undefined) return [];
    return [`${name}=${type === "integer" ? `${value}i` : fieldValue(value)}`];
  });
  // Three digits more than a number can hold.
  return `${table},device=${tagValue(values.device)} ${fields.join(",")} ${values.time}000\n`;
}

function fieldValue(value: string | number | boolean): string {
  return typeof value === "string"
    ? `"${value.replaceAll(/[\\"]/g, "\\$&").replaceAll(/[\r\n]/g, " ")}"`
    : String(value);
}

/**
 * Escapes a tag value. A backslash cannot be escaped, and would escape the separator that follows,
 * so that it becomes a slash; so does a line break become a space.
 */
function tagValue(text: string): string {
  return text.replaceAll("\\", "/").replaceAll(/[\r\n]/g, " ").replaceAll(/[ ,=]/g, "\\$&");
}
