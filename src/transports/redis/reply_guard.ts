/** Limits of the replies on one connection. */
export interface ReplyLimits {
  /** Maximum size of one string, in bytes. */
  readonly maxBulkStringBytes: number;
  /** Maximum length of one list. */
  readonly maxArrayElements: number;
  /**
   * Maximum size of a whole reply with everything nested in it, in bytes of memory: the bytes of its
   * strings and lines, and `ELEMENT_BYTES` for each element. @default `replyBudget()`
   */
  readonly maxReplyBytes?: number;
}

/** Memory that each element of a reply takes in the parser, in bytes. Estimated. */
const ELEMENT_BYTES = 16;

/** Memory for a reply beyond its one largest string, in bytes. Chosen. */
const REPLY_RESERVE_BYTES = 8 << 20;

/**
 * Returns the default for `maxReplyBytes`: a message of the maximum size fits, but not many of them.
 */
export function replyBudget({ maxBulkStringBytes }: ReplyLimits): number {
  return maxBulkStringBytes + REPLY_RESERVE_BYTES;
}

/** Maximum length of a line of RESP (a number, a status, an error). Real ones are far shorter. */
const MAX_LINE_BYTES = 65_536;

const CR = 13;
const LF = 10;
const [DIGIT_0, DIGIT_9] = [48, 57];
/**
 * What may follow the type in a line, for all types but texts. A parser accepts more, and reads other
 * sizes from it: the decoder of ioredis ends a line at CR alone, skips the bytes of a null unseen, and
 * takes any byte for a digit.
 */
const LINES: ReadonlyMap<number, RegExp> = new Map(
  Object.entries({
    "$": /^(-1|\d+)$/,
    "*": /^(-1|\d+)$/,
    "=": /^\d+$/,
    "!": /^\d+$/,
    "~": /^\d+$/,
    "%": /^\d+$/,
    ">": /^\d+$/,
    "|": /^\d+$/,
    ":": /^[+-]?\d+$/,
    "(": /^[+-]?\d+$/,
    ",": /^(nan|[+-]?(inf|\d+(\.\d*)?([eE][+-]?\d+)?))$/,
    "#": /^[tf]$/,
    "_": /^$/,
  }).map(([type, pattern]) => [type.charCodeAt(0), pattern]),
);
/** Types that are followed by text: status and error. */
const TEXT_TYPES = new Set([..."+-"].map((type) => type.charCodeAt(0)));
/** Longest line that is not text. Chosen: a double has at most 24 characters. */
const MAX_NUMBER_CHARACTERS = 64;
const MALFORMED = "a line that is not valid RESP";
/** Bytes of a verbatim string before its text: the format and a colon. */
const VERBATIM_HEAD_BYTES = 4;
const VERBATIM = "=".charCodeAt(0);
/** RESP types that are followed by a number of bytes: bulk string, bulk error, verbatim string. */
const STRING_TYPES = new Set(["$", "=", "!"].map((type) => type.charCodeAt(0)));
/** RESP types that are followed by a number of elements: array, set, map, push, attribute. */
const LIST_TYPES = new Set(["*", "~", "%", ">", "|"].map((type) => type.charCodeAt(0)));
/** Those whose elements are pairs of a key and a value: map, attribute. */
const PAIR_TYPES = new Set(["%", "|"].map((type) => type.charCodeAt(0)));
const ATTRIBUTE = "|".charCodeAt(0);

/**
 * Scans the bytes of a RESP connection and reports the first reply over the limits, before a parser
 * allocates memory for it, and the first line in which the two might read different sizes. Types that
 * RESP does not have are left to the parser, which rejects them.
 */
export class ReplyGuard {
  readonly #limits: ReplyLimits;
  readonly #maxReplyBytes: number;
  /** Elements that are still missing from the reply; 1 before its first line. */
  #missing = 1;
  /** Memory of the reply so far, in bytes. */
  #replyBytes = 0;
  /** Remaining bytes of the current string, including its CRLF. */
  #skipBytes = 0;
  /** First byte of the current line. */
  #type = 0;
  /** Number that follows the type. */
  #size = 0;
  /** What follows the type, unless it is text. */
  #line = "";
  #lineBytes = 0;
  /** Whether a line has ended with CR, and LF is missing. */
  #ending = false;

  constructor(limits: ReplyLimits) {
    this.#limits = limits;
    this.#maxReplyBytes = limits.maxReplyBytes ?? replyBudget(limits);
  }

  /** Scans more bytes; returns which limit they exceed, or undefined. */
  inspect(bytes: Uint8Array): string | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#ending) {
        if (bytes[at++] !== LF) return MALFORMED;
        this.#ending = false;
        continue;
      }
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
      this.#line = "";
      if (!LINES.has(byte) && !TEXT_TYPES.has(byte)) this.#skipBytes = Infinity;
      return undefined;
    }
    if (byte === LF) return MALFORMED;
    if (byte === CR) {
      this.#ending = true;
      return this.#endLine();
    }
    if (this.#lineBytes > MAX_LINE_BYTES) return `a line longer than ${MAX_LINE_BYTES} bytes`;
    if (TEXT_TYPES.has(this.#type)) return undefined;
    this.#line += String.fromCharCode(byte);
    if (this.#line.length > MAX_NUMBER_CHARACTERS) return MALFORMED;
    if (byte >= DIGIT_0 && byte <= DIGIT_9) this.#size = this.#size * 10 + byte - DIGIT_0;
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

  /** Accounts for the element whose first line ends, and for its string, if it is one. */
  #endLine(): string | undefined {
    if (LINES.get(this.#type)?.test(this.#line) === false) return MALFORMED;
    if (this.#type === VERBATIM && this.#size < VERBATIM_HEAD_BYTES) return MALFORMED;
    const isNull = this.#line === "-1";
    const isList = LIST_TYPES.has(this.#type) && !isNull;
    const isString = STRING_TYPES.has(this.#type) && !isNull;
    const elements = isList ? this.#size * (PAIR_TYPES.has(this.#type) ? 2 : 1) : 0;
    this.#replyBytes += ELEMENT_BYTES + this.#lineBytes + (isString ? this.#size : 0);
    // An attribute precedes the element that it describes.
    this.#missing += elements - (this.#type === ATTRIBUTE ? 0 : 1);
    if (isString) this.#skipBytes = this.#size + 2;
    this.#lineBytes = 0;
    // Those that a list announces count at once: a parser may allocate memory for them.
    if (this.#replyBytes + this.#missing * ELEMENT_BYTES > this.#maxReplyBytes) {
      return `a reply larger than ${this.#maxReplyBytes} bytes in sum`;
    }
    if (this.#missing === 0) {
      this.#missing = 1;
      this.#replyBytes = 0;
    }
    return undefined;
  }
}
