/** Bytes of the length of a packet at most (MQTT 5, 1.5.5). */
const MAX_LENGTH_BYTES = 4;

/**
 * Watches the packets that a broker sends for their length. The client keeps a packet in memory until
 * it is complete, up to 256 MiB, and does not enforce the maximum that it announces.
 */
export class PacketGuard {
  readonly #maxBytes: number;
  /** Bytes of the present packet that are still to come. */
  #remaining = 0;
  /** Number of bytes of the header that were read: 0 is the type, then the length. */
  #headerBytes = 0;
  #length = 0;

  /** @param maxBytes maximum length of a packet without its header, in bytes */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes received bytes; returns false if they begin a packet that is too long or malformed. */
  accepts(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#remaining > 0) {
        const skipped = Math.min(this.#remaining, bytes.length - at);
        this.#remaining -= skipped;
        at += skipped;
        continue;
      }
      if (!this.#readHeader(bytes[at++]!)) return false;
    }
    return true;
  }

  #readHeader(byte: number): boolean {
    if (this.#headerBytes++ === 0) {
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 2);
    if (byte & 0x80) return this.#headerBytes <= MAX_LENGTH_BYTES;
    this.#headerBytes = 0;
    this.#remaining = this.#length;
    return this.#length <= this.#maxBytes;
  }
}
