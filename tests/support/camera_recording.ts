/** Recordings that replace a camera's driver below the native library's camera thread. */
import { TemporaryFolder } from "./clips.ts";
import { runProgram } from "./physiology_server.ts";

export interface RecordedFrame {
  readonly bytes: Uint8Array;
  /** The driver marks the frame as damaged. @default false */
  readonly damaged?: boolean;
  /** From this frame on the camera delivers nothing, without disconnecting. @default false */
  readonly silent?: boolean;
  /** Frames that the camera counted before this one but did not deliver. @default 0 */
  readonly lost?: number;
}

export interface CameraRecording {
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  readonly frames: readonly RecordedFrame[];
  /** Starts again at the end; otherwise the camera is unplugged then. @default false */
  readonly loop?: boolean;
  /** The call that never returns, as in a faulty driver. @default none */
  readonly hangs?: "closing" | "opening";
}

/** The bytes of a recording as `ffi/native/file_device.c` reads it. */
export function encodeRecording(recording: CameraRecording): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [encoder.encode("PHCAM1\0\0"), encoder.encode(recording.fourcc)];
  const uint32 = (...values: number[]) =>
    parts.push(new Uint8Array(Uint32Array.from(values).buffer));
  const flags = (recording.loop ? 1 : 0) | { closing: 2, opening: 4, "": 0 }[recording.hangs ?? ""];
  uint32(recording.width, recording.height, flags);
  for (const { bytes, damaged = false, silent = false, lost = 0 } of recording.frames) {
    uint32((damaged ? 1 : 0) | (silent ? 2 : 0), lost, bytes.length);
    parts.push(bytes);
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Writes a recording to a file, which is removed when the result is disposed. */
export async function recordingFile(
  recording: CameraRecording,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempFile({ suffix: ".camera" });
  await Deno.writeFile(path, encodeRecording(recording));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path).catch(() => {}) };
}

/** JPEGs of a moving test pattern, encoded by ffmpeg. */
export async function patternJpegs(
  {
    count,
    size = "640x480",
    pixelFormat = "yuvj422p",
    quality = 4,
    huffman = "optimal",
    quantizers = 1,
  }: {
    count: number;
    size?: string;
    pixelFormat?: string;
    quality?: number;
    huffman?: "default" | "optimal";
    /** Number of quantizer tables; most cameras have two, which may be equal. */
    quantizers?: 1 | 2;
  },
): Promise<Uint8Array<ArrayBuffer>[]> {
  const { stdout } = await new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=s=${size}:r=30`, "-frames:v", `${count}`],
      ...["-pix_fmt", pixelFormat, "-q:v", `${quality}`, "-huffman", huffman],
      ...["-force_duplicated_matrix", `${quantizers - 1}`],
      ...["-f", "mjpeg", "-"],
    ],
  }).output();
  return splitJpegs(stdout);
}

/** JPEGs of the simulated person, from the `simulate` command. */
export async function portraitJpegs(
  { seconds, fps, width = 640, height = 480, args = [] }: {
    seconds: number;
    fps: number;
    width?: number;
    height?: number;
    /** Further flags, such as those of the person's rates. */
    args?: readonly string[];
  },
): Promise<Uint8Array<ArrayBuffer>[]> {
  using folder = new TemporaryFolder();
  const { code, stderr } = await runProgram([
    ...["simulate", `--output=${folder.file("a.avi")}`, `--truth=${folder.file("a.csv")}`],
    ...[`--duration=${seconds}`, `--max_fps=${fps}`],
    ...[`--capture_width_px=${width}`, `--capture_height_px=${height}`],
    ...args,
  ]);
  if (code !== 0) throw new Error(`Cannot simulate: ${stderr}`);
  const { stdout } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-i", folder.file("a.avi"), "-c", "copy", "-f", "mjpeg", "-"],
  }).output();
  return splitJpegs(stdout);
}

/** Splits concatenated JPEGs at their start markers. */
export function splitJpegs(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const starts: number[] = [];
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (bytes[i] === 0xff && bytes[i + 1] === 0xd8 && bytes[i + 2] === 0xff) starts.push(i);
  }
  return starts.map((start, i) => bytes.slice(start, starts[i + 1]));
}
