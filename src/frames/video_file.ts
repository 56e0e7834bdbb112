import { accessArguments } from "../capture/ffmpeg/access.ts";
import { ffmpegCommand } from "../capture/ffmpeg/command.ts";
import { findFfmpeg } from "../capture/ffmpeg/executable.ts";
import { NutWriter } from "../capture/ffmpeg/nut_writer.ts";
import { failureReason } from "../capture/ffmpeg/probe.ts";
import type { Image } from "../capture/frame.ts";
import { packImage, rawFormatOf } from "./raw_image.ts";
import { UnavailableError } from "../base/errors.ts";

/** ffmpeg's MJPEG quality: fine enough for a pulse below one gray level. Chosen. */
const MJPEG_QSCALE = 3;

/** Video file that ffmpeg encodes as MJPEG, which preserves the pulse; H.264 does not. */
export class VideoFile implements AsyncDisposable {
  readonly #path: string;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #stderr: Promise<string>;
  readonly #nut: NutWriter;
  readonly #raw: Uint8Array<ArrayBuffer>;
  #headerWritten = false;

  private constructor(child: Deno.ChildProcess, { path, fourcc, width, height, bytes }: {
    path: string;
    fourcc: string;
    width: number;
    height: number;
    bytes: number;
  }) {
    this.#path = path;
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#writer.closed.catch(() => {}); // `finish` reports the reason
    this.#stderr = new Response(child.stderr).text();
    this.#nut = new NutWriter({ fourcc, width, height });
    this.#raw = new Uint8Array(bytes);
  }

  /**
   * Starts ffmpeg, which overwrites an existing file.
   *
   * @param options.template An image of the size and format of all that follow: full range, 4:2:0
   * or grayscale.
   * @param options.fps Frame rate whose period is the unit of the file's timestamps.
   */
  static async create(
    path: string,
    { template, fps }: { template: Image; fps: number },
  ): Promise<VideoFile> {
    const executable = await findFfmpeg();
    const { width, height, bytes } = rawFormatOf(template);
    const args = [
      ...["-hide_banner", "-nostdin", "-loglevel", "error", "-y"],
      ...accessArguments({ protocols: ["pipe"], formats: ["nut"] }, ["rawvideo"]),
      ...["-color_range", "pc", "-f", "nut", "-i", "pipe:0"],
      ...["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", String(MJPEG_QSCALE)],
      // Timestamps pass through, so that lost frames stay gaps; AVI counts in frame periods.
      ...[...executable.passthrough, "-enc_time_base", `1/${fps}`, `file:${path}`],
    ];
    const { path: program, ...options } = ffmpegCommand(executable, args, { write: [path] });
    const child = new Deno.Command(program, {
      ...options,
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const fourcc = template.u ? "I420" : "Y800";
    return new VideoFile(child, { path, fourcc, width, height, bytes });
  }

  /**
   * Appends one image.
   *
   * @throws {UnavailableError} if ffmpeg cannot write the file, with its reason.
   */
  async write(image: Image, { ptsUs }: { ptsUs: number }): Promise<void> {
    packImage(image, this.#raw);
    try {
      if (!this.#headerWritten) await this.#writer.write(this.#nut.header());
      this.#headerWritten = true;
      await this.#writer.write(this.#nut.frameHeader(this.#raw.length, { ptsUs }));
      await this.#writer.write(this.#raw);
    } catch {
      await this.finish();
    }
  }

  /**
   * Completes the file.
   *
   * @throws {UnavailableError} if ffmpeg cannot write the file, with its reason.
   */
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
