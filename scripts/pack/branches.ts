import type { Arch } from "./run.ts";

/** As in `launcher/branches.h`: bytes at the end of a file in which no instruction is looked for. */
const MAX_UNRESTORED = 7;
/** Distances of x64 have 28 bits with a sign: the shift leaves these of 32. */
const DISTANCE_SHIFT = 32 - 28;

/**
 * Replaces the distances in the machine code of a file by their targets, in place, so that it
 * compresses better. The launcher restores them (`launcher/branches.c`), whatever the bytes are.
 */
export function writeTargets(bytes: Uint8Array<ArrayBuffer>, arch: Arch): void {
  if (arch === "x64") writeTargetsX64(bytes);
  else writeTargetsArm64(bytes);
}

function writeTargetsX64(bytes: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + MAX_UNRESTORED < bytes.length;) {
    const before = bytesBeforeDistance(bytes, at);
    if (before === 0) {
      at++;
      continue;
    }
    const field = at + before;
    at = field + 4;
    const value = view.getInt32(field, true);
    const isDistance = value === signExtend(value);
    view.setInt32(field, isDistance ? signExtend(value + at) : value);
  }
}

/** Bytes before the distance of a CALL, or of a MOV or LEA relative to itself; 0 for others. */
function bytesBeforeDistance(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === 0xe8) return 1;
  if (first !== 0x48 && first !== 0x4c) return 0;
  const code = bytes[at + 1];
  return (code === 0x8b || code === 0x8d) && (bytes[at + 2]! & 0xc7) === 0x05 ? 3 : 0;
}

function signExtend(value: number): number {
  return value << DISTANCE_SHIFT >> DISTANCE_SHIFT;
}

function writeTargetsArm64(bytes: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = view.getUint32(at, true);
    if (word >>> 26 === 0x94000000 >>> 26) { // BL: 26 bits, in words
      view.setUint32(at, 0x94000000 | (word + at / 4) & 0x03ffffff, true);
    } else if ((word & 0x9f000000) >>> 0 === 0x90000000) { // ADRP: 21 bits, in pages of 4 KiB
      const page = (word >>> 3 & 0x1ffffc | word >>> 29 & 3) + (at >>> 12);
      view.setUint32(at, word & 0x9f00001f | (page & 3) << 29 | (page & 0x1ffffc) << 3, true);
    }
  }
}
