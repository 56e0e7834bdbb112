/**
 * Memory of ffmpeg over hours of frames, which small images take minutes of: it allocates per frame,
 * not per pixel, what it does not give back.
 *
 *   deno run -A tests/soak/ffmpeg.ts --hours=3
 *
 * Prints the memory that is not backed by a file after each quarter of an hour at 30 fps. Exits with
 * status 1 if it grows by more than 1 MB an hour after the first one.
 */
import { parseArgs } from "node:util";
import {
  inputArguments,
  outputArguments,
  type OutputFormat,
} from "../../src/capture/ffmpeg/arguments.ts";
import { ffmpegCommand, rightsFor } from "../../src/capture/ffmpeg/command.ts";
import type { FfmpegExecutable } from "../../src/capture/ffmpeg/executable.ts";
import { probeInput } from "../../src/capture/ffmpeg/input.ts";
import { encoderArguments } from "../../src/frames/jpeg_arguments.ts";
import { anonymousBytes } from "../bench/process_tree.ts";
import { ffmpeg, TemporaryFolder } from "../support/clips.ts";
import { FFMPEGS } from "../support/ffmpegs.ts";

const { values } = parseArgs({ options: { hours: { type: "string", default: "3" } } });
const WIDTH = 64, HEIGHT = 48;
const FRAME_BYTES = WIDTH * HEIGHT * 3 / 2;
const QUARTER = 15 * 60 * 30;
const quarters = Math.round(4 * Number(values.hours));
const MAX_BYTES_PER_HOUR = 1e6;
const YUV: OutputFormat = { kind: "yuv420", color: { range: "full", matrix: "bt601" } };

/** Memory of ffmpeg that no file backs, in bytes. */
function memoryOf({ pid }: Deno.ChildProcess): number {
  return [...anonymousBytes(pid).values()].reduce((sum, bytes) => sum + bytes, 0);
}

function spawn(
  executable: FfmpegExecutable,
  { args, input }: { readonly args: readonly string[]; readonly input?: string },
) {
  const rights = input === undefined ? {} : rightsFor(input);
  const { path, ...options } = ffmpegCommand(executable, args, rights);
  const stdin = input === undefined ? "piped" : "null";
  return new Deno.Command(path, { ...options, stdin, stdout: "piped", stderr: "inherit" }).spawn();
}

/** Encodes frames; yields the memory after each quarter of an hour of them. */
async function* encode(executable: FfmpegExecutable): AsyncGenerator<number> {
  const args = encoderArguments(
    { width: WIDTH, height: HEIGHT, pixelFormat: "yuv420p", matrix: "bt601", bytes: FRAME_BYTES },
    { executable, quality: 80 },
  );
  await using encoder = spawn(executable, { args });
  const drained = encoder.stdout.pipeTo(new WritableStream());
  const writer = encoder.stdin.getWriter();
  // Frames of different contents, so that their JPEGs have different sizes.
  const images = Uint8Array.from({ length: 100 * FRAME_BYTES }, (_, k) => k * k >> 12);
  for (let quarter = 0; quarter < quarters; quarter++) {
    for (let frames = 0; frames < QUARTER; frames += 100) await writer.write(images);
    yield memoryOf(encoder);
  }
  await writer.close();
  await drained;
}

/** Decodes an H.264 video; yields the memory after each quarter of an hour of frames. */
async function* decode(executable: FfmpegExecutable): AsyncGenerator<number> {
  using folder = new TemporaryFolder();
  const path = folder.file("hours.mp4");
  const seconds = (quarters + 1) * 15 * 60;
  await ffmpeg(
    ...["-f", "lavfi", "-i", `testsrc2=size=${WIDTH}x${HEIGHT}:rate=30:duration=${seconds}`],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", path],
  );
  const { url, info } = await probeInput(path, { executable });
  const args = [
    ...["-loglevel", "error", "-threads", "1"],
    ...inputArguments(url, { executable, live: false, format: info.format }),
    ...outputArguments(info.video!, { executable, format: YUV, transform: "none" }),
  ];
  await using decoder = spawn(executable, { args, input: url });
  let bytes = 0, quarter = 0;
  for await (const { length } of decoder.stdout) {
    bytes += length;
    if (bytes < (quarter + 1) * QUARTER * FRAME_BYTES) continue;
    yield memoryOf(decoder);
    if (++quarter === quarters) break;
  }
}

let failed = false;
for (const executable of FFMPEGS) {
  for (const [work, run] of Object.entries({ encode, decode })) {
    const bytes: number[] = [];
    for await (const each of run(executable)) bytes.push(each);
    const perHour = (bytes.at(-1)! - bytes[3]!) / ((quarters - 4) / 4);
    const text = bytes.map((each) => (each / 1e6).toFixed(2)).join(" ");
    console.log(`ffmpeg ${executable.version}, ${work}: ${text} MB`);
    console.log(`  ${(perHour / 1e6).toFixed(2)} MB an hour after the first`);
    failed ||= perHour > MAX_BYTES_PER_HOUR;
  }
}
if (failed) Deno.exit(1);
