/** Inputs of the server whose cost per frame is measured: 640x480 at 30 frames per second. */
import { encodeRecording, portraitJpegs } from "../support/camera_recording.ts";

/** Frames per second of each workload. */
export const FPS = 30;
/** The clips repeat without a seam: 12 heartbeats and 2 breaths of the simulated person. */
const CLIP_SECONDS = 10;

export interface FrameWorkload {
  readonly name: "mjpeg" | "yuyv" | "h264";
  readonly description: string;
  /** Name of the clip in the folder. */
  readonly clip: string;
  /** Flags of the server that select the clip. */
  readonly args: (path: string) => readonly string[];
}

const camera = (path: string) => ["--use_camera", `--camera_device=${path}`, `--max_fps=${FPS}`];

export const WORKLOADS: readonly FrameWorkload[] = [
  { name: "mjpeg", description: "MJPEG camera", clip: "mjpeg.camera", args: camera },
  { name: "yuyv", description: "YUYV camera", clip: "yuyv.camera", args: camera },
  {
    name: "h264",
    description: "H.264 file",
    clip: "clip.mp4",
    args: (path) => [`--input_video_path=${path}`, "--loop"],
  },
];

/** Size of the pictures of a clip, in pixels. */
export interface ClipSize {
  readonly width: number;
  readonly height: number;
}

const VGA: ClipSize = { width: 640, height: 480 };

/** Writes the clips of all workloads into a folder; they show the same simulated person. */
export async function writeClips(folder: string): Promise<void> {
  await writeMjpegClips(folder);
  const source = ["-f", "mjpeg", "-framerate", `${FPS}`, "-i", `${folder}/clip.mjpeg`];
  await ffmpeg([...source, "-c:v", "libx264", "-pix_fmt", "yuv420p", `${folder}/clip.mp4`]);
  await ffmpeg([...source, "-pix_fmt", "yuyv422", "-f", "rawvideo", `${folder}/clip.yuyv`]);
  const raw = await Deno.readFile(`${folder}/clip.yuyv`);
  const bytes = VGA.width * VGA.height * 2;
  const frames = Array.from(
    { length: raw.length / bytes },
    (_, i) => raw.subarray(i * bytes, (i + 1) * bytes),
  );
  await writeRecording(`${folder}/yuyv.camera`, { ...VGA, fourcc: "YUYV", images: frames });
}

/** Writes only those of the MJPEG camera: `mjpeg.camera`, and its JPEGs one after the other. */
export async function writeMjpegClips(folder: string, size: ClipSize = VGA): Promise<void> {
  const jpegs = await portraitJpegs({
    seconds: CLIP_SECONDS,
    fps: FPS,
    ...size,
    args: ["--simulate_pulse=72", "--simulate_breathing=12"],
  });
  await writeRecording(`${folder}/mjpeg.camera`, { ...size, fourcc: "MJPG", images: jpegs });
  await Deno.writeFile(`${folder}/clip.mjpeg`, new Blob(jpegs).stream());
}

interface Recorded extends ClipSize {
  readonly fourcc: string;
  readonly images: readonly Uint8Array[];
}

async function writeRecording(path: string, { images, ...format }: Recorded): Promise<void> {
  const frames = images.map((bytes) => ({ bytes }));
  await Deno.writeFile(path, encodeRecording({ ...format, loop: true, frames }));
}

async function ffmpeg(args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-y", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot make a clip with ffmpeg: ${args.join(" ")}`);
}
