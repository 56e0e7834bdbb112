import { maskUrls } from "../../config/secret.ts";
import { SourceError } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { schemeOf } from "./access.ts";
import { ffmpegCommand, rightsFor } from "./command.ts";
import {
  addressForStdin,
  inputArguments,
  outputArguments,
  type OutputFormat,
  threadArguments,
} from "./arguments.ts";
import type { FfmpegExecutable } from "./executable.ts";
import type { NutFrame } from "./nut_demuxer.ts";
import { failureReason, type InputInfo, parseInputInfo, type VideoInfo } from "./probe.ts";
import { FfmpegProcess, type ProcessEnd, writeAll } from "./process.ts";

/** An input that ffmpeg could open, with the description of its video stream. */
export interface ProbedInput {
  readonly url: string;
  readonly info: InputInfo;
  readonly video: VideoInfo;
}

const PROBE_TIMEOUT_MS = 15_000;

/**
 * Opens an input with ffmpeg once, to learn its format.
 *
 * @throws {SourceError} with the reason that ffmpeg gives.
 */
export async function probeInput(
  input: string,
  { executable, tlsCaPath, signal }: {
    executable: FfmpegExecutable;
    /** PEM file of the authorities for TLS servers. @default those of the system */
    tlsCaPath?: string | undefined;
    signal?: AbortSignal;
  },
): Promise<ProbedInput> {
  const url = await addressOf(input);
  const address = addressForStdin(url, executable);
  const args = inputArguments(url, { executable, live: false, tlsCaPath });
  const { path, ...options } = ffmpegCommand(
    executable,
    ["-hide_banner", "-nostdin", ...args],
    rightsFor(url, tlsCaPath),
  );
  const child = new Deno.Command(path, {
    ...options,
    stdin: address === undefined ? "null" : "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  if (address !== undefined) writeAll(child.stdin, address);
  const stop = () => kill(child);
  const timer = setTimeout(stop, PROBE_TIMEOUT_MS);
  signal?.addEventListener("abort", stop);
  const { stderr, signal: killedBy } = await child.output();
  clearTimeout(timer);
  signal?.removeEventListener("abort", stop);
  const text = new TextDecoder().decode(stderr);
  const info = parseInputInfo(text);
  if (info.video) return { url, info, video: info.video };
  const name = maskUrls(input);
  if (info.format) {
    throw new SourceError(`Cannot use ${name}: it has no video stream`, {
      hint: "Choose an input with video",
    });
  }
  const reason = killedBy
    ? `it did not open within ${PROBE_TIMEOUT_MS / 1000} s`
    : failureReason(text, url);
  throw new SourceError(`Cannot open ${name}: ${reason}`, {
    hint: "Check that it exists, is readable, and plays in ffplay",
  });
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // The process has already ended.
  }
}

/** Returns the address by which ffmpeg opens an input: it could take a path for a URL or an option. */
async function addressOf(input: string): Promise<string> {
  const isPath = schemeOf(input) === undefined && !input.startsWith("/dev/");
  return isPath || await isFile(input) ? `file:${input}` : input;
}

/** Returns true if the path is a file on this machine, even if it looks like a URL. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** ffmpeg process that reads an input and writes its images. */
export class InputProcess implements AsyncDisposable {
  readonly #input: ProbedInput;
  readonly #process: FfmpegProcess;

  constructor(input: ProbedInput, options: {
    executable: FfmpegExecutable;
    transform: InputTransform;
    format: OutputFormat;
    live: boolean;
    loop: boolean;
    /** PEM file of the authorities for TLS servers. @default those of the system */
    tlsCaPath?: string | undefined;
    /** Initial silence timeout in milliseconds. */
    silenceTimeoutMs: number;
    /** Returns the memory for an image. */
    allocate: (bytes: number) => Uint8Array<ArrayBuffer>;
  }) {
    this.#input = input;
    const args = [
      ...["-loglevel", "error"],
      ...threadArguments(input.video),
      ...inputArguments(input.url, { ...options, format: input.info.format }),
      ...outputArguments(input.video, options),
    ];
    this.#process = new FfmpegProcess(options.executable, args, {
      stdin: addressForStdin(input.url, options.executable) ?? false,
      rights: rightsFor(input.url, options.tlsCaPath),
      allocate: options.allocate,
      silenceTimeoutMs: options.silenceTimeoutMs,
    });
  }

  /** Milliseconds that `images` waits for output before it kills ffmpeg. */
  set silenceTimeoutMs(ms: number) {
    this.#process.silenceTimeoutMs = ms;
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

  /** Returns why the output is incomplete. */
  reasonOf(end: ProcessEnd): string {
    return end.reason ?? failureReason(end.stderr, this.#input.url);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
