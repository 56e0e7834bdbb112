import assert from "node:assert/strict";
import { NutDemuxer, NutError } from "../../../src/capture/ffmpeg/nut_demuxer.ts";
import { NutWriter } from "../../../src/capture/ffmpeg/nut_writer.ts";
import { checksum, mainHeader, packet, streamHeader } from "../../support/nut_bytes.ts";
import { NUT_MAGIC } from "../../support/nut_bytes.ts";
import type { FuzzTarget } from "../fuzzer.ts";

const MAX_FRAME_BYTES = 1000;

function written(): Uint8Array {
  const writer = new NutWriter({ fourcc: "I420", width: 16, height: 8 });
  const frame = (ptsUs: number) => [...writer.frameHeader(5, { ptsUs }), 1, 2, 3, 4, 5];
  return Uint8Array.from([1, ...writer.header(), ...frame(0), ...frame(40_000), ...frame(80_000)]);
}

/** A stream with a row of the frame code table for each flag. */
function everyFlag(): Uint8Array {
  const flags = [8, 16, 32, 64, 128, 1024, 2048, 4096, 8 | 16 | 32, 8 | 64];
  const rows = flags.map((flag) => ({ flags: flag, ptsDelta: 1, sizeLsb: 3, elision: 1 }));
  const header = [...NUT_MAGIC, ...mainHeader({ rows, elisions: [[7, 7]] }), ...streamHeader()];
  return Uint8Array.from([0, ...header, ...packet("syncpoint", [0, 0]), 0, 0, 0, 9, 2, 0, 9, 9]);
}

/**
 * Corrects the checksums of the packets, which no mutation would guess, so that what they contain is
 * reached.
 */
function withChecksums(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(input);
  for (let at = 0; at + 10 < bytes.length; at++) {
    if (bytes[at] !== 0x4e) continue;
    let length = 0;
    let start = at + 8;
    while (bytes[start]! >= 128 && start < at + 12) length = length * 128 + bytes[start++]! - 128;
    length = length * 128 + bytes[start++]!;
    const end = start + length;
    if (length < 4 || length > 4096 || end > bytes.length) continue;
    bytes.set(checksum([...bytes.subarray(start, end - 4)]), end - 4);
    at = end - 1;
  }
  return bytes;
}

/** The demuxer of what ffmpeg writes. The first byte selects chunks, and correct checksums. */
export const nut: FuzzTarget = {
  scripts: /capture\/ffmpeg\/nut_/,
  maxBytes: 4096,
  seeds: () => [written(), everyFlag()],
  run(input) {
    const bytes = input[0]! % 2 === 0 ? withChecksums(input.subarray(1)) : input.subarray(1);
    const chunkBytes = 1 + (input[0]! >> 1) * 8;
    const demuxer = new NutDemuxer({
      maxFrameBytes: MAX_FRAME_BYTES,
      allocate(size) {
        assert(size <= MAX_FRAME_BYTES, `a frame of ${size} bytes`);
        return new Uint8Array(size);
      },
    });
    try {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        for (const { stream, ptsUs, data } of demuxer.push(bytes.subarray(at, at + chunkBytes))) {
          assert(Number.isFinite(ptsUs), `a timestamp of ${ptsUs}`);
          assert(stream.width <= 65_535 && stream.height <= 65_535);
          assert(data.length <= MAX_FRAME_BYTES);
        }
        assert(demuxer.streams.length <= 8);
      }
    } catch (error) {
      if (!(error instanceof NutError)) throw error;
    }
  },
};
