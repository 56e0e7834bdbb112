import { NutWriter } from "../../src/capture/ffmpeg/nut_writer.ts";
import { temporaryFolder } from "./folders.ts";
import { writeProgram } from "./programs.ts";

/** Size of the images that the fake ffmpeg writes. */
export const FAKE_SIZE = { width: 16, height: 16 } as const;
/** Bytes of such an image in planar 4:2:0. */
export const FAKE_IMAGE_BYTES = 16 * 16 * 3 / 2;

/** What it prints about its configuration and libraries. */
const FAKE_BUILD = "configuration: --enable-gnutls\\nlibavutil 59. 1.100 / 59. 1.100";

/** What ffmpeg prints about a recording with such images. */
export const FAKE_DESCRIPTION = `Input #0, avi, from 'clip.avi':
  Duration: 00:00:10.00, start: 0.000000, bitrate: 1307 kb/s
  Stream #0:0: Video: h264, yuv420p(tv, bt709), 16x16, 25 fps, 25 tbr
`;

/** A stream as ffmpeg writes it: the k-th image is filled with k, from 1 on. */
export function nutStream(
  ptsUs: readonly number[],
  { bytes = FAKE_IMAGE_BYTES, damaged }: {
    bytes?: number;
    /** Index of an image that lacks its last byte. */
    damaged?: number;
  } = {},
): Uint8Array<ArrayBuffer> {
  const writer = new NutWriter({ fourcc: "I420", ...FAKE_SIZE });
  const parts = ptsUs.map((us, i) => {
    const length = i === damaged ? bytes - 1 : bytes;
    return [...writer.frameHeader(length, { ptsUs: us }), ...Array<number>(length).fill(i + 1)];
  });
  return Uint8Array.from([...writer.header(), ...parts.flat()]);
}

/** What a process of the fake ffmpeg does. */
export interface FakeRun {
  /** What it writes to stdout. @default nothing */
  readonly output?: Uint8Array;
  /** A shell command at the end, which must not leave children. @default "exit 0" */
  readonly then?: string;
}

/**
 * A program in place of ffmpeg. Each process that is to write NUT does what the next of `runs` says,
 * and the last one again and again; one that only opens its input prints `description`.
 */
export function fakeFfmpeg(
  { runs = [{}], description = FAKE_DESCRIPTION, probed = "exit 1" }: {
    runs?: readonly FakeRun[];
    description?: string;
    /** A shell command after the description. */
    probed?: string;
  } = {},
) {
  const folder = temporaryFolder();
  const path = `${folder.path}/ffmpeg`;
  const file = (name: string) => `${folder.path}/${name}`;
  for (const [i, { output = new Uint8Array(0), then = "exit 0" }] of runs.entries()) {
    Deno.writeFileSync(file(`output_${i}`), output);
    Deno.writeTextFileSync(file(`then_${i}`), then);
  }
  Deno.writeTextFileSync(file("description"), description);
  writeProgram(
    path,
    `#!/bin/sh
cd ${folder.path}
[ "$*" = -version ] && { printf 'ffmpeg version 7\\n${FAKE_BUILD}\\n'; exit 0; }
printf '%s\\n' "$@" > arguments
echo $$ > pid
case "$*" in
  *pipe:1*) ;;
  *) cat description >&2; ${probed};;
esac
n=0
[ -e runs ] && read -r n < runs
echo $((n + 1)) > runs
[ -e then_$n ] || n=${runs.length - 1}
cat output_$n
. ./then_$n
`,
  );
  const read = (name: string) => {
    try {
      return Deno.readTextFileSync(file(name)).trimEnd();
    } catch {
      return "";
    }
  };
  return {
    path,
    folder: folder.path,
    executable: {
      path,
      version: "7",
      libavutil: [59, 0, 0],
      build: "gnutls",
      passthrough: ["-p"],
    } as const,
    /** Number of processes that were to write NUT. */
    get runs() {
      return Number(read("runs"));
    },
    /** Arguments of the last process. */
    get arguments() {
      return read("arguments").split("\n");
    },
    /** Process id of the last process; 0 if there was none. */
    get pid() {
      return Number(read("pid"));
    },
    /** Whether the last process is alive. */
    get isAlive() {
      return this.pid !== 0 && pathExists(`/proc/${this.pid}`);
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

function pathExists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
