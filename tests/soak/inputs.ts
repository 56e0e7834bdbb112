import { portraitJpegs, recordingFile } from "../support/camera_recording.ts";
import { ffmpeg } from "../support/clips.ts";
import { temporaryFolder } from "../support/folders.ts";

/** Arguments that select an input, which is disposed of at the end. */
export interface SoakInput extends AsyncDisposable {
  readonly args: readonly string[];
}

const nothing = { [Symbol.asyncDispose]: () => Promise.resolve() };

/** The inputs by their names. */
export const INPUTS: Readonly<Record<string, () => Promise<SoakInput>>> = {
  /** The simulated camera, whose frames are compressed. */
  simulated: () => Promise.resolve({ args: ["--simulate"], ...nothing }),

  /** A live stream of ffmpeg that does not end. */
  stream: () =>
    Promise.resolve({
      args: ["--input_video_path=lavfi:testsrc2=size=640x480:rate=30"],
      ...nothing,
    }),

  /** An H.264 video of 20 s in a loop. */
  video: async () => {
    const folder = temporaryFolder();
    const path = `${folder.path}/clip.mp4`;
    const source = "testsrc2=size=640x480:rate=30:duration=20";
    await ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", path);
    return {
      args: [`--input_video_path=${path}`, "--loop"],
      [Symbol.asyncDispose]: () => Promise.resolve(folder[Symbol.dispose]()),
    };
  },

  /** A camera that repeats a recording of the simulated person in MJPEG. */
  camera: async () => {
    const jpegs = await portraitJpegs({ seconds: 30, fps: 30 });
    const camera = await recordingFile({
      fourcc: "MJPG",
      width: 640,
      height: 480,
      loop: true,
      frames: jpegs.map((bytes) => ({ bytes })),
    });
    return {
      args: ["--use_camera", `--camera_device=${camera.path}`],
      [Symbol.asyncDispose]: () => camera[Symbol.asyncDispose](),
    };
  },
};
