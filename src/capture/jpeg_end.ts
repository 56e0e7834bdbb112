const MARKER = 0xff;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
/** Markers without a length (ITU-T T.81, table B.1): TEM, RST0 to RST7, SOI. */
const isBare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= SOI);

/** Bytes that are not the next ones of a JPEG. */
export class JpegError extends Error {}

/**
 * Finds the end of a JPEG that arrives in parts. The segments of the header are skipped by their
 * lengths, because their content may look like a marker; entropy-coded data contains no marker but
 * RST and, at its end, EOI or the next segment.
 */
export class JpegEnd {
  #state: "start" | "marker" | "code" | "high" | "low" | "skip" | "scan" | "scan_code" = "start";
  #first = 0;
  #marker = 0;
  #length = 0;

  /**
   * Returns the number of bytes of `part` up to the end of the JPEG; undefined if it continues.
   *
   * @throws {JpegError} if the bytes are no JPEG
   */
  push(part: Uint8Array<ArrayBuffer>): number | undefined {
    for (let i = 0; i < part.length;) {
      if (this.#state === "skip") {
        const skipped = Math.min(this.#length, part.length - i);
        this.#length -= skipped;
        i += skipped;
        if (this.#length === 0) this.#state = this.#marker === SOS ? "scan" : "marker";
      } else if (this.#state === "scan") {
        const at = part.indexOf(MARKER, i);
        if (at < 0) return undefined;
        i = at + 1;
        this.#state = "scan_code";
      } else if (this.#take(part[i++]!)) {
        this.#state = "start";
        this.#first = 0;
        return i;
      }
    }
    return undefined;
  }

  /** Takes one byte of the header, or the byte behind 0xFF; returns true at the end. */
  #take(byte: number): boolean {
    switch (this.#state) {
      case "start":
        if (byte !== [MARKER, SOI][this.#first]) throw new JpegError("a frame is no JPEG");
        if (++this.#first === 2) this.#state = "marker";
        return false;
      case "marker":
        if (byte !== MARKER) throw new JpegError("a JPEG lacks a marker");
        this.#state = "code";
        return false;
      case "high":
        this.#length = byte << 8;
        this.#state = "low";
        return false;
      case "low":
        this.#length = (this.#length | byte) - 2;
        if (this.#length < 0) throw new JpegError("a JPEG has an invalid segment");
        this.#state = this.#length > 0 ? "skip" : this.#marker === SOS ? "scan" : "marker";
        return false;
      case "scan_code":
        if (byte === 0 || isBare(byte)) this.#state = "scan";
        else if (byte !== MARKER) return this.#open(byte);
        return false;
      default:
        return byte !== MARKER && this.#open(byte);
    }
  }

  /** Starts the segment of a marker; returns true for EOI. */
  #open(marker: number): boolean {
    if (marker === EOI) return true;
    this.#marker = marker;
    this.#state = isBare(marker) ? "marker" : "high";
    return false;
  }
}

/**
 * Returns a JPEG without the bytes behind it: libcamerasrc delivers the whole buffer of the driver, in
 * which older frames remain. Bytes that are no whole JPEG are returned as they are.
 */
export function trimJpeg(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    return bytes.subarray(0, new JpegEnd().push(bytes));
  } catch (error) {
    if (error instanceof JpegError) return bytes;
    throw error;
  }
}
