import { maskPasswords } from "../../config/secret.ts";
import { SourceError } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { inputArguments, outputArguments, type OutputPlan, threadArguments } from "./arguments.ts";
import type { FfmpegExecutable } from "./executable.ts";
import type { NutFrame } from "./nut.ts";
import { failureReason, type InputInfo, parseInputInfo, type VideoInfo } from "./probe.ts";
import { FfmpegProcess, type ProcessEnd } from "./process.ts";

/** An input that ffmpeg opened once and found a video in. */
export interface ProbedInput {
  readonly url: string;
  readonly info: InputInfo;
  readonly video: VideoInfo;
}

/** As long as an input may take to open. */
const PROBE_TIMEOUT_MS = 15_000;

/**
 * Asks ffmpeg what an input holds.
 *
 * @throws {SourceError} with ffmpeg's own reason.
 */
export async function probeInput(
  input: string,
  { executable, signal }: { executable: FfmpegExecutable; signal?: AbortSignal },
): Promise<ProbedInput> {
  // A path may look like a URL or an option to ffmpeg.
  const url = await isFile(input) ? `file:${input}` : input;
  const child = new Deno.Command(executable.path, {
    args: ["-hide_banner", "-nostdin", ...inputArguments(url, { executable, live: false })],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stop = () => killQuietly(child);
  const timer = setTimeout(stop, PROBE_TIMEOUT_MS);
  signal?.addEventListener("abort", stop);
  const { stderr, signal: endedBy } = await child.output();
  clearTimeout(timer);
  signal?.removeEventListener("abort", stop);
  const text = new TextDecoder().decode(stderr);
  const info = parseInputInfo(text);
  if (info.video) return { url, info, video: info.video };
  const name = maskPasswords(input);
  if (info.format) {
    throw new SourceError(`Cannot use ${name}: it has no video stream`, {
      hint: "Give a video, not sound alone",
    });
  }
  const reason = endedBy
    ? `no answer within ${PROBE_TIMEOUT_MS / 1000} s`
    : failureReason(text, url);
  throw new SourceError(`Cannot open ${name}: ${reason}`, {
    hint: "Check that it exists, may be read, and plays in ffplay",
  });
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // it has ended by itself
  }
}

/** True for a file on this machine, whatever its name looks like. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** One run of ffmpeg over an input. */
export class InputRun implements AsyncDisposable {
  readonly #input: ProbedInput;
  readonly #process: FfmpegProcess;

  constructor(input: ProbedInput, options: {
    executable: FfmpegExecutable;
    transform: InputTransform;
    plan: OutputPlan;
    live: boolean;
    loop: boolean;
    /** Until the first frame, in milliseconds. */
    patienceMs: number;
    /** Gives the memory of an image. */
    allocate: (bytes: number) => Uint8Array<ArrayBuffer>;
  }) {
    this.#input = input;
    const args = [
      ...["-loglevel", "error"],
      ...threadArguments(input.video),
      ...inputArguments(input.url, { ...options, format: input.info.format }),
      ...outputArguments(input.video, options),
    ];
    this.#process = new FfmpegProcess(options.executable.path, args, {
      allocate: options.allocate,
      patienceMs: options.patienceMs,
    });
  }

  /** How long ffmpeg may write nothing while it is waited for, in milliseconds. */
  set patienceMs(ms: number) {
    this.#process.patienceMs = ms;
  }

  images(): AsyncGenerator<NutFrame, void, void> {
    return this.#process.frames();
  }

  end(): Promise<ProcessEnd> {
    return this.#process.end();
  }

  kill(reason: string): void {
    this.#process.kill(reason);
  }

  /** ffmpeg's reason for an end that is not complete. */
  reasonOf(end: ProcessEnd): string {
    return end.reason ?? failureReason(end.stderr, this.#input.url);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
