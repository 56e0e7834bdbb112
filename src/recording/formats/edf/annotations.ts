/** Bytes of annotations in a data record, at most. Chosen: far more than a second needs. */
const MAX_BYTES = 8192;
/** Bytes for the note about annotations that are left out. */
const NOTE_BYTES = 64;

const encoder = new TextEncoder();

/** An annotation at a time in microseconds since the start that the header gives. */
export interface EdfAnnotation {
  readonly onsetUs: number;
  readonly text: string;
}

/**
 * Returns the time-stamped annotation lists of a data record (EDF+, section 2.2.2): first the one
 * that keeps its time, and then one for each annotation. If there are too many, the rest is left out
 * and counted in a last annotation.
 */
export function annotationLists(
  recordUs: number,
  annotations: readonly EdfAnnotation[],
): Uint8Array {
  const lists = [`${onset(recordUs)}\x14\x14\0`];
  let bytes = lists[0]!.length;
  for (const [index, { onsetUs, text }] of annotations.entries()) {
    const list = `${onset(onsetUs)}\x14${text}\x14\0`;
    const length = encoder.encode(list).length;
    if (bytes + length > MAX_BYTES - NOTE_BYTES) {
      const left = annotations.length - index;
      lists.push(`${onset(recordUs)}\x14${left} annotations left out\x14\0`);
      break;
    }
    bytes += length;
    lists.push(list);
  }
  return encoder.encode(lists.join(""));
}

/** Returns a signed time in seconds, without an exponent. */
function onset(us: number): string {
  const rounded = Math.round(us);
  const [seconds, fraction] = [Math.floor(Math.abs(rounded) / 1e6), Math.abs(rounded) % 1e6];
  const digits = String(fraction).padStart(6, "0").replace(/0+$/, "");
  return `${rounded < 0 ? "-" : "+"}${seconds}${digits && `.${digits}`}`;
}
