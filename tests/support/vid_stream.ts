/** A field of an object of metadata, as libcamera formats its value. */
export type VidField = readonly [name: string, value: string | number];

/**
 * The parts in which rpicam-vid writes a frame and its metadata to stdout (`Output::OutputReady()` and
 * `write_metadata()`). Each part is flushed; the brace at the end of an object stays in the buffer
 * until the next frame is written.
 */
export function vidParts(
  { frame, fields, index }: {
    readonly frame: Uint8Array;
    /** Undefined leaves the object out, which rpicam-vid does not do. */
    readonly fields: readonly VidField[] | undefined;
    /** Number of objects before this one. */
    readonly index: number;
  },
): { readonly frame: Uint8Array; readonly object: string; readonly closing: string } {
  if (!fields) return { frame, object: "", closing: "" };
  const lines = fields.map(([name, value]) => `\n    "${name}": ${value}`);
  return { frame, object: `${index === 0 ? "" : ",\n"}{${lines.join(",")}\n`, closing: "}" };
}

/** What rpicam-vid writes of these frames, as far as it is flushed with the last one. */
export function vidStream(
  frames: readonly {
    readonly frame: Uint8Array;
    readonly fields: readonly VidField[] | undefined;
  }[],
): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  const encoder = new TextEncoder();
  let closing = "";
  let index = 0;
  for (const each of frames) {
    const parts = vidParts({ ...each, index });
    pieces.push(encoder.encode(closing), parts.frame, encoder.encode(parts.object));
    closing = parts.closing;
    if (each.fields) index++;
  }
  return concatenate(pieces);
}

/** Joins byte arrays. */
export function concatenate(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A frame in planar 4:2:0 whose rows are padded, with the samples of each plane set to one value. */
export function paddedFrame(
  { width, height, stride, values, padding = 0 }: {
    readonly width: number;
    readonly height: number;
    readonly stride: number;
    readonly values: readonly [y: number, u: number, v: number];
    /** Unused bytes at the end. */
    readonly padding?: number;
  },
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(stride * height * 3 / 2 + padding).fill(0xee);
  const planes = [
    { at: 0, width, rows: height, stride },
    { at: stride * height, width: width / 2, rows: height / 2, stride: stride / 2 },
    { at: stride * height * 5 / 4, width: width / 2, rows: height / 2, stride: stride / 2 },
  ];
  for (const [i, plane] of planes.entries()) {
    for (let row = 0; row < plane.rows; row++) {
      const at = plane.at + row * plane.stride;
      frame.fill(values[i]!, at, at + plane.width);
    }
  }
  return frame;
}

/** Calls `take` with consecutive parts of `bytes` that have these lengths, again and again. */
export function inParts(
  bytes: Uint8Array<ArrayBuffer>,
  lengths: readonly number[],
  take: (part: Uint8Array<ArrayBuffer>) => void,
): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length]!);
    take(bytes.slice(at, at + length));
    at += length;
  }
}
