import { findFfmpeg } from "../capture/ffmpeg/executable.ts";
import { NutWriter } from "../capture/ffmpeg/nut_writer.ts";
import { failureReason } from "../capture/ffmpeg/probe.ts";
import type { Image } from "../capture/frame.ts";
import { packPicture, rawFormatOf } from "./raw_image.ts";
import { UnavailableError } from "../base/errors.ts";

/** Fine enough for a pulse of less than a grey level, and still a usual quality. */
const MJPEG_QSCALE = 3;

/** A video file that ffmpeg writes as MJPEG, which keeps the pulse, as H.264 does not. */
export class VideoFile implements AsyncDisposable {
  readonly #path: string;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #stderr: Promise<string>;
  readonly #nut: NutWriter;
  readonly #raw: Uint8Array<ArrayBuffer>;
  #began = false;

  private constructor(child: Deno.ChildProcess, { path, width, height, bytes }: {
    path: string;
    width: number;
    height: number;
    bytes: number;
  }) {
    this.#path = path;
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#writer.closed.catch(() => {}); // `finish` tells why
    this.#stderr = new Response(child.stderr).text();
    this.#nut = new NutWriter({ fourcc: "I420", width, height });
    this.#raw = new Uint8Array(bytes);
  }

  /** @param like a picture of the size and sampling that all will have: full range, 4:2:0 */
  static async create(
    path: string,
    { like, fps }: { like: Image; fps: number },
  ): Promise<VideoFile> {
    const executable = await findFfmpeg();
    const { width, height, bytes } = rawFormatOf(like);
    const child = new Deno.Command(executable.path, {
      args: [
        ...["-hide_banner", "-nostdin", "-loglevel", "error", "-y"],
        ...["-color_range", "pc", "-f", "nut", "-i", "pipe:0"],
        ...["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", String(MJPEG_QSCALE)],
        // Lost frames stay gaps; the rate is the grid on which an AVI counts.
        ...[...executable.passthrough, "-enc_time_base", `1/${fps}`, `file:${path}`],
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    return new VideoFile(child, { path, width, height, bytes });
  }

  /**
   * Appends one picture.
   *
   * @throws {UnavailableError} where ffmpeg cannot write the file, with its reason.
   */
  async write(picture: Image, { ptsUs }: { ptsUs: number }): Promise<void> {
    packPicture(picture, this.#raw);
    try {
      if (!this.#began) await this.#writer.write(this.#nut.header());
      this.#began = true;
      await this.#writer.write(this.#nut.frameHeader(this.#raw.length, { ptsUs }));
      await this.#writer.write(this.#raw);
    } catch {
      await this.finish();
    }
  }

  /** Writes what a video needs at its end. */
  async finish(): Promise<void> {
    await this.#writer.close().catch(() => {});
    const [{ success }, stderr] = await Promise.all([this.#child.status, this.#stderr]);
    if (success) return;
    throw new UnavailableError(
      `Cannot write the video ${this.#path}: ${failureReason(stderr, `file:${this.#path}`)}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.abort().catch(() => {});
    await Promise.all([this.#child.status, this.#stderr]);
  }
}
