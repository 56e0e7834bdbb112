import { AppError } from "../../base/errors.ts";

/** Bytes that are not NUT, or NUT that ffmpeg does not write. */
export class NutError extends AppError {}

/** Thrown by `ByteReader` at the end of the available bytes, because more may follow. */
export const NEED_MORE = Symbol("need more bytes");

/** Larger values would lose precision. */
const MAX_VALUE = Number.MAX_SAFE_INTEGER;

/** Reader of NUT's primitive types, which throws `NEED_MORE` at the end of the bytes. */
export class ByteReader {
  offset = 0;
  constructor(readonly bytes: Uint8Array, readonly end: number = bytes.length) {}

  u8(): number {
    if (this.offset >= this.end) throw NEED_MORE;
    return this.bytes[this.offset++]!;
  }

  u32(): number {
    const value = (this.u8() << 24) | (this.u8() << 16) | (this.u8() << 8) | this.u8();
    return value >>> 0;
  }

  /** NUT's `v`: seven bits per byte, the most significant first. */
  unsigned(): number {
    let value = 0;
    while (true) {
      const byte = this.u8();
      value = value * 128 + (byte & 127);
      if (value > MAX_VALUE) throw new NutError("a value is too large");
      if (byte < 128) return value;
    }
  }

  /** NUT's `s`: 0, 1, -1, 2, -2 … */
  signed(): number {
    const value = this.unsigned() + 1;
    return value % 2 ? -(value - 1) / 2 : value / 2;
  }

  /** NUT's `vb`: a length and that many bytes. */
  blob(maxBytes: number): Uint8Array {
    const length = this.unsigned();
    if (length > maxBytes) throw new NutError(`a field of ${length} bytes is too long`);
    if (this.offset + length > this.end) throw NEED_MORE;
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc >>> 0;
});

/** CRC-32 with the polynomial 0x04C11DB7, most significant bit first, starting at 0. */
export function nutCrc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte]!;
  return crc >>> 0;
}
