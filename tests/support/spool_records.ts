import { encodeHeader, type SpoolRecord } from "../../src/delivery/spool/record.ts";

const encoder = new TextEncoder();

/** Size of the header of each segment of an outbox with a `FakeBackend`, in bytes. */
export const FAKE_HEADER_BYTES = encodeHeader(JSON.stringify({ destination: "fake" })).length;

/** Returns a record with `number` as its timestamp, padded to `length` bytes. */
export function spoolRecord(number: number, length = 20): SpoolRecord {
  return { timestamp: number, bytes: encoder.encode(`${number} `.padEnd(length, "x")) };
}

/** Returns the numbers of records made by `spoolRecord`. */
export function numbersOf(records: readonly SpoolRecord[]): number[] {
  return records.map(({ timestamp }) => timestamp);
}

/** Returns the paths of the segments of a topic in the spool at `folder`. */
export function segmentsOf(folder: string, topic: string): string[] {
  const servers = [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory);
  return servers.flatMap(({ name: server }) => {
    const path = `${folder}/${server}/${topic}`;
    try {
      return [...Deno.readDirSync(path)].map(({ name }) => `${path}/${name}`)
        .filter((name) => name.endsWith(".spool")).sort();
    } catch {
      return []; // the topic's folder is not there yet
    }
  });
}
