/** The standard Huffman tables with their classes and ids (ITU-T T.81, annex K.3.3), as DHT has them. */
const DC_VALUES = "000102030405060708090a0b";
const STANDARD_TABLES: readonly string[] = [
  "00" + "00010501010101010100000000000000" + DC_VALUES,
  "01" + "00030101010101010101010000000000" + DC_VALUES,
  "10" + "0002010303020403050504040000017d" +
  "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728" +
  "292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788" +
  "898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da" +
  "e1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
  "11" + "00020102040403040705040400010277" +
  "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a26" +
  "2728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283848586" +
  "8788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8" +
  "d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
];

/** Largest width and height that RTP/JPEG can describe, in pixels (RFC 2435, 3.1.5 and 3.1.6). */
export const MAX_RTP_JPEG_PIXELS = 2040;

const SOF0 = 0xc0, DHT = 0xc4, SOS = 0xda, DQT = 0xdb, DRI = 0xdd;

/** The header of a JPEG, as far as RTP/JPEG limits it. */
interface Header {
  readonly frame: { readonly height: number; readonly width: number; readonly sampling: string };
  readonly quantizerTables: number;
  readonly huffmanTables: readonly string[];
  readonly restarts: boolean;
  /** True if a segment contains what looks like the marker of another one. */
  readonly isAmbiguous: boolean;
}

/**
 * Returns true if ffmpeg can send the JPEG as RTP/JPEG unchanged (RFC 2435): baseline with standard
 * Huffman tables, 4:2:0 or 4:2:2, two quantizer tables and no restart intervals. ffmpeg drops other
 * JPEGs without an error status, or sends them so that receivers decode noise.
 */
export function isRtpJpeg(jpeg: Uint8Array): boolean {
  const header = readHeader(jpeg);
  if (!header) return false;
  const { frame, quantizerTables, huffmanTables, restarts, isAmbiguous } = header;
  return Math.max(frame.width, frame.height) <= MAX_RTP_JPEG_PIXELS &&
    /^(21|22) 11 11$/.test(frame.sampling) && quantizerTables === 2 && !restarts && !isAmbiguous &&
    (huffmanTables.length === 0 ||
      STANDARD_TABLES.every((table) => huffmanTables.includes(table)));
}

/** Reads the segments before the image data; returns undefined if they are no baseline JPEG. */
function readHeader(jpeg: Uint8Array): Header | undefined {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return undefined;
  let frame: Header["frame"] | undefined;
  let quantizerTables = 0;
  let restarts = false;
  let isAmbiguous = false;
  const huffmanTables: string[] = [];
  for (let at = 2; at + 4 <= jpeg.length;) {
    if (jpeg[at] !== 0xff) return undefined;
    const marker = jpeg[at + 1]!;
    const end = at + 2 + view.getUint16(at + 2);
    const body = jpeg.subarray(at + 4, end);
    if (marker === 0xff || end < at + 4 || end > jpeg.length) return undefined;
    if (marker === SOS) {
      return frame && { frame, quantizerTables, huffmanTables, restarts, isAmbiguous };
    }
    if (marker === SOF0) frame = readFrame(body);
    else if (marker > SOF0 && marker <= 0xcf && marker !== DHT) return undefined;
    else if (marker === DQT) quantizerTables += body.length / 65;
    else if (marker === DHT) huffmanTables.push(...readHuffmanTables(body));
    else if (marker === DRI) restarts ||= body.some((byte) => byte !== 0);
    if (marker !== DHT) isAmbiguous ||= containsMarker(body);
    at = end;
  }
  return undefined;
}

/** Reads precision, height, width and the sampling factors of three components. */
function readFrame(body: Uint8Array): Header["frame"] | undefined {
  if (body.length !== 15 || body[0] !== 8) return undefined;
  const sampling = [7, 10, 13].map((at) => body[at]!.toString(16)).join(" ");
  return {
    height: (body[1]! << 8) + body[2]!,
    width: (body[3]! << 8) + body[4]!,
    sampling,
  };
}

/** Returns each table of a DHT segment as hexadecimal text: class and id, counts, values. */
function readHuffmanTables(body: Uint8Array): string[] {
  const tables: string[] = [];
  for (let at = 0; at + 17 <= body.length;) {
    const count = body.subarray(at + 1, at + 17).reduce((sum, each) => sum + each, 0);
    tables.push(body.slice(at, at + 17 + count).toHex());
    at += 17 + count;
  }
  return tables;
}

/** ffmpeg searches the header for these markers byte by byte, also within segments. */
function containsMarker(body: Uint8Array): boolean {
  for (let at = body.indexOf(0xff); at !== -1; at = body.indexOf(0xff, at + 1)) {
    if ([SOF0, DHT, SOS, DQT].includes(body[at + 1] ?? 0)) return true;
  }
  return false;
}
