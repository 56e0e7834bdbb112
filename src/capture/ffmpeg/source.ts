import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { Counters } from "../../telemetry/counters.ts";
import { type Log, silentLog } from "../../telemetry/log.ts";
import { type FrameSource, SourceError } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { accessOf } from "./access.ts";
import { type FfmpegExecutable, findFfmpeg } from "./executable.ts";
import { readFrameTimes } from "./frame_times.ts";
import { isFile, type ProbedInput, probeInput } from "./input.ts";
import { type LiveOptions, LiveSource } from "./live.ts";
import { RecordedSource } from "./recorded.ts";

export interface FfmpegSourceOptions {
  /** A path, URL or device that ffmpeg can open, or `lavfi:GRAPH`. */
  readonly input: string;
  /** @default "none" */
  readonly transform?: InputTransform;
  /** False reads a recording at full speed, with the same timestamps. @default true */
  readonly realtime?: boolean;
  /** Restarts a recording at its end, with timestamps that keep increasing. @default false */
  readonly loop?: boolean;
  /** File of frame times in milliseconds, one per line; replaces the timestamps of a recording. */
  readonly timesPath?: string;
  /** The analysis image of a JPEG is halved while it stays at least this wide. @default 320 */
  readonly analysisWidth?: number;
  /** PEM file of the authorities for TLS servers. @default those of the system */
  readonly tlsCaPath?: string | undefined;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}

/**
 * Opens a recorded video or a live stream with one long-lived ffmpeg process. A live stream that is
 * not available yet is retried.
 *
 * @throws {SourceError} if ffmpeg is missing or does not support the scheme of a URL, or with the
 * reason of ffmpeg if a recording cannot be read.
 */
export async function openFfmpegSource(options: FfmpegSourceOptions): Promise<FrameSource> {
  const executable = await findFfmpeg();
  const settings = {
    transform: "none",
    realtime: true,
    loop: false,
    analysisWidth: 320,
    clock: new SystemClock(),
    log: silentLog,
    counters: new Counters(),
    ...options,
    executable,
  } as const;
  const { kind, input, times } = await resolveInput(options, executable);
  return kind === "live"
    ? openLive(settings, input)
    : new RecordedSource(input, { ...settings, ...(times && { times }) });
}

/**
 * Checks an input as `openFfmpegSource()` does.
 *
 * @throws {SourceError} as `openFfmpegSource()`
 */
export async function checkFfmpegInput(
  options: Pick<FfmpegSourceOptions, "input" | "timesPath" | "tlsCaPath">,
): Promise<void> {
  await resolveInput(options, await findFfmpeg());
}

type ResolvedInput =
  | { readonly kind: "live"; readonly input?: ProbedInput; readonly times?: undefined }
  | {
    readonly kind: "recorded";
    readonly input: ProbedInput;
    readonly times?: readonly number[] | undefined;
  };

/** Probes an input, unless it is a live stream by its address. */
async function resolveInput(
  { input: address, timesPath, tlsCaPath }: Pick<
    FfmpegSourceOptions,
    "input" | "timesPath" | "tlsCaPath"
  >,
  executable: FfmpegExecutable,
): Promise<ResolvedInput> {
  const { live } = await isFile(address) ? { live: false } : accessOf(address);
  if (live === true) return { kind: "live" };
  const times = timesPath === undefined ? undefined : await readFrameTimes(timesPath);
  try {
    const input = await probeInput(address, { executable, tlsCaPath });
    const isEndless = live === "maybe" && input.info.durationS === undefined;
    return isEndless ? { kind: "live", input } : { kind: "recorded", input, times };
  } catch (error) {
    if (live === "maybe" && error instanceof SourceError) return { kind: "live" };
    throw error;
  }
}

function openLive(settings: LiveOptions & FfmpegSourceOptions, input?: ProbedInput): LiveSource {
  const { timesPath, loop, realtime, log } = settings;
  if (timesPath !== undefined || loop || !realtime) {
    log.warning(
      "Ignored --loop, --norealtime and --input_video_time_path: the input is a live stream",
    );
  }
  return new LiveSource(settings, input);
}
