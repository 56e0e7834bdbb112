import { type FrameMetadata, MAX_OBJECT_BYTES, parseField } from "./frame_metadata.ts";

/** The output of rpicam-vid is not what its sources describe. */
export class VidStreamError extends Error {}

/** What the parser found in the bytes. */
export type Parsed =
  /** The object continues in bytes that have not arrived. */
  | { readonly state: "more" }
  /** The bytes are no object: a frame follows a frame. */
  | { readonly state: "none"; readonly rest: Uint8Array<ArrayBuffer> }
  | {
    readonly state: "object";
    readonly metadata: FrameMetadata;
    /** False if the closing brace is still to come. */
    readonly closed: boolean;
    readonly rest: Uint8Array<ArrayBuffer>;
  };

const NEWLINE = 0x0a;
const CLOSING = "}".charCodeAt(0);
const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder();

/**
 * Reads the JSON object that `rpicam-vid --metadata=-` writes behind each frame (`write_metadata()` in
 * rpicam-apps, unchanged since libcamera-apps 1.0): an opening brace behind `,` and a newline, except
 * for the first object, then one field a line.
 *
 * The closing brace stays in a buffer of rpicam-vid until it writes the next frame. An object is
 * therefore complete with its last field, which no comma follows; the brace is skipped before the
 * next frame.
 */
export class MetadataParser {
  #line: Uint8Array<ArrayBuffer> = EMPTY;
  #state: "start" | "opening" | "fields" = "start";
  #metadata: FrameMetadata = {};
  #bytes = 0;

  /**
   * Parses the next bytes behind a frame.
   *
   * @throws {VidStreamError} if an object is malformed or larger than `MAX_OBJECT_BYTES`
   */
  push(chunk: Uint8Array<ArrayBuffer>): Parsed {
    let rest = chunk;
    while (rest.length > 0) {
      const first = this.#line[0] ?? rest[0];
      if (this.#state === "start" && first !== 0x2c && first !== 0x7b) {
        return { state: "none", rest };
      }
      if (this.#state === "fields" && first === CLOSING) {
        return this.#finish(rest.subarray(1), true);
      }
      const end = rest.indexOf(NEWLINE);
      this.#append(end < 0 ? rest : rest.subarray(0, end));
      if (end < 0) return { state: "more" };
      rest = rest.subarray(end + 1);
      if (this.#isLast()) return this.#finish(rest, false);
    }
    return { state: "more" };
  }

  #append(part: Uint8Array<ArrayBuffer>): void {
    this.#bytes += part.length;
    if (this.#bytes > MAX_OBJECT_BYTES) {
      throw new VidStreamError(`an object is larger than ${MAX_OBJECT_BYTES} bytes`);
    }
    // A comma or brace that is a pixel is found at once, before a whole frame is searched.
    if (this.#state !== "fields" && this.#line.length + part.length > 1) {
      throw new VidStreamError("an object does not start as expected");
    }
    const line = new Uint8Array(this.#line.length + part.length);
    line.set(this.#line);
    line.set(part, this.#line.length);
    this.#line = line;
  }

  /** Takes the complete line; returns true if it is the last one of the object. */
  #isLast(): boolean {
    const text = decoder.decode(this.#line);
    this.#line = EMPTY;
    if (this.#state === "fields") {
      if (!text.startsWith(" ")) throw new VidStreamError(`no field of an object: ${quote(text)}`);
      const continues = text.endsWith(",");
      this.#metadata = { ...this.#metadata, ...parseField(continues ? text.slice(0, -1) : text) };
      return !continues;
    }
    if (text === "," && this.#state === "start") this.#state = "opening";
    else if (text === "{") this.#state = "fields";
    else throw new VidStreamError(`no start of an object: ${quote(text)}`);
    return false;
  }

  #finish(rest: Uint8Array<ArrayBuffer>, closed: boolean): Parsed {
    const metadata = this.#metadata;
    this.#metadata = {};
    this.#state = "start";
    this.#bytes = 0;
    return { state: "object", metadata, closed, rest };
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
