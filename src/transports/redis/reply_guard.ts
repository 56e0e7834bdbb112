export interface ReplyLimits {
  readonly maxBulkStringBytes: number;
  readonly maxArrayElements: number;
}

/** Maximum length of a line of RESP (a number, a status, an error). Real ones are far shorter. */
const MAX_LINE_BYTES = 65_536;

const LF = 10;
const MINUS = 45;
/** RESP types that are followed by a number of bytes: bulk string, bulk error, verbatim string. */
const STRING_TYPES = new Set(["$", "=", "!"].map((type) => type.charCodeAt(0)));
/** RESP types that are followed by a number of elements: array, set, map, push. */
const LIST_TYPES = new Set(["*", "~", "%", ">"].map((type) => type.charCodeAt(0)));

/**
 * Scans the bytes of a RESP connection and reports the first reply over the limits, before a parser
 * allocates memory for it. It checks sizes only; other errors are left to the parser.
 */
export class ReplyGuard {
  readonly #limits: ReplyLimits;
  /** Remaining bytes of the current string, including its CRLF. */
  #skipBytes = 0;
  /** First byte of the current line. */
  #type = 0;
  /** Number that follows the type. */
  #size = 0;
  #lineBytes = 0;

  constructor(limits: ReplyLimits) {
    this.#limits = limits;
  }

  /** Scans more bytes; returns which limit they exceed, or undefined. */
  inspect(bytes: Uint8Array): string | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, bytes.length - at);
        this.#skipBytes -= skipped;
        at += skipped;
        continue;
      }
      const violation = this.#scan(bytes[at++] ?? 0);
      if (violation) return violation;
    }
    return undefined;
  }

  #scan(byte: number): string | undefined {
    if (this.#lineBytes++ === 0) {
      this.#type = byte;
      this.#size = 0;
      return undefined;
    }
    if (byte === LF) return this.#endLine();
    if (byte >= 48 && byte <= 57) this.#size = this.#size * 10 + byte - 48;
    else if (byte === MINUS) this.#type = 0; // -1 stands for null, which has no size
    if (this.#lineBytes > MAX_LINE_BYTES) return `a line longer than ${MAX_LINE_BYTES} bytes`;
    // Checked at each digit: a parser may allocate memory as soon as the line ends.
    return this.#sizeViolation();
  }

  #sizeViolation(): string | undefined {
    const { maxBulkStringBytes, maxArrayElements } = this.#limits;
    if (STRING_TYPES.has(this.#type) && this.#size > maxBulkStringBytes) {
      return `a string larger than max_bulk_string_bytes, which is ${maxBulkStringBytes}`;
    }
    if (LIST_TYPES.has(this.#type) && this.#size > maxArrayElements) {
      return `a list longer than max_array_elements, which is ${maxArrayElements}`;
    }
    return undefined;
  }

  #endLine(): undefined {
    if (STRING_TYPES.has(this.#type)) this.#skipBytes = this.#size + 2;
    this.#lineBytes = 0;
  }
}
