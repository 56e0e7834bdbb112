/** What `bench.ts` compares: each program with each clip that it can read. */
import {
  type BenchProgram,
  cLoopProgram,
  compileCLoop,
  type Load,
  measure,
  type Measured,
  openCvProgram,
  serverProgram,
} from "./bench_programs.ts";
import { FPS, WORKLOADS, writeClips, writeMjpegClips } from "./frame_workloads.ts";

/** Larger pictures of the MJPEG camera. */
const HD = { width: 1280, height: 720 } as const;

/** One row of the table. */
export interface BenchCase {
  /** Its clip and its program, such as `mjpeg, server`. */
  readonly name: string;
  readonly measure: () => Promise<Measured>;
}

/** Writes the clips and compiles the peer into a folder, and returns the cases. */
export async function prepareCases(folder: string, seconds: number): Promise<BenchCase[]> {
  await writeClips(folder);
  await Deno.mkdir(`${folder}/hd`);
  await writeMjpegClips(`${folder}/hd`, HD);
  await compileCLoop(`${folder}/c_loop`);
  const load: Load = { fps: FPS, subscribers: 1, seconds };
  const caseOf = (name: string, program: BenchProgram, own: Partial<Load> = {}): BenchCase => ({
    name,
    measure: () => measure(program, { ...load, ...own }),
  });
  const cLoop = (clip: string) =>
    cLoopProgram(`${folder}/c_loop`, { jpegs: `${folder}/${clip}`, fps: FPS });
  const servers = WORKLOADS.map(({ name, clip, args }) =>
    [name, serverProgram(args(`${folder}/${clip}`))] as const
  );
  const [, mjpeg] = servers[0]!;
  const hd = serverProgram(WORKLOADS[0]!.args(`${folder}/hd/mjpeg.camera`));
  const simulated = serverProgram(["--simulate"]);
  return [
    ...servers.map(([name, program]) => caseOf(`${name}, server`, program)),
    caseOf("mjpeg, server without subscriber", mjpeg, { subscribers: 0 }),
    caseOf("mjpeg, server with 20 subscribers", mjpeg, { subscribers: 20 }),
    caseOf("mjpeg, OpenCV", openCvProgram(`${folder}/clip.mjpeg`, FPS)),
    caseOf("mjpeg, C loop", cLoop("clip.mjpeg"), { warmUpS: 2 }),
    caseOf("h264, OpenCV", openCvProgram(`${folder}/clip.mp4`, FPS)),
    caseOf("mjpeg 1280x720, server", hd),
    caseOf("mjpeg 1280x720, C loop", cLoop("hd/clip.mjpeg"), { warmUpS: 2 }),
    caseOf("simulated, server", simulated),
  ];
}
