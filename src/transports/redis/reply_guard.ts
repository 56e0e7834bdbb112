export interface ReplyLimits {
  readonly maxBulkStringBytes: number;
  readonly maxArrayElements: number;
}

/** A line of the protocol (a number, a status, an error) is never near this. */
const MAX_LINE_BYTES = 65_536;

const LF = 10;
const MINUS = 45;
const SIZED = new Set(["$", "=", "!"].map((sign) => sign.charCodeAt(0)));
const LISTS = new Set(["*", "~", "%", ">"].map((sign) => sign.charCodeAt(0)));

/**
 * Watches the bytes of a peer and names the first reply that is larger than allowed, before a
 * parser sets memory aside for it. It judges sizes only; whether the bytes make sense is the
 * parser's to say.
 */
export class ReplyGuard {
  readonly #limits: ReplyLimits;
  /** Bytes of a bulk string, with its line end, that are still to come. */
  #skip = 0;
  #sign = 0;
  #number = 0;
  #lineBytes = 0;

  constructor(limits: ReplyLimits) {
    this.#limits = limits;
  }

  /** @returns what is wrong with the bytes up to here, or undefined. */
  inspect(bytes: Uint8Array): string | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const wrong = this.#take(bytes[at++] ?? 0);
      if (wrong) return wrong;
    }
    return undefined;
  }

  #take(byte: number): string | undefined {
    if (this.#lineBytes++ === 0) {
      this.#sign = byte;
      this.#number = 0;
      return undefined;
    }
    if (byte === LF) return this.#endLine();
    if (byte >= 48 && byte <= 57) this.#number = this.#number * 10 + byte - 48;
    else if (byte === MINUS) this.#sign = 0; // -1 stands for nothing and has no size
    if (this.#lineBytes > MAX_LINE_BYTES) return `a line longer than ${MAX_LINE_BYTES} bytes`;
    // Refuse at the digits: a parser may reserve memory as soon as the line ends.
    return this.#tooLarge();
  }

  #tooLarge(): string | undefined {
    const { maxBulkStringBytes, maxArrayElements } = this.#limits;
    if (SIZED.has(this.#sign) && this.#number > maxBulkStringBytes) {
      return `a string larger than max_bulk_string_bytes, which is ${maxBulkStringBytes}`;
    }
    if (LISTS.has(this.#sign) && this.#number > maxArrayElements) {
      return `a list longer than max_array_elements, which is ${maxArrayElements}`;
    }
    return undefined;
  }

  #endLine(): undefined {
    if (SIZED.has(this.#sign)) this.#skip = this.#number + 2;
    this.#lineBytes = 0;
  }
}
