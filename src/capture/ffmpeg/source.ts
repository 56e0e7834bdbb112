import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { Counters } from "../../telemetry/counters.ts";
import { type Log, silentLog } from "../../telemetry/log.ts";
import { type FrameSource, SourceError } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { findFfmpeg } from "./executable.ts";
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
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}

/** Inputs that never end and may not be available yet. */
const LIVE_INPUT = /^(rtsps?|rtmps?|rtp|srt|udp|tcp|mms[ht]?|lavfi):|^\/dev\//;
/** Inputs that must be probed to learn whether they end. */
const HTTP_INPUT = /^https?:/;

/**
 * Opens a recorded video or a live stream with one long-lived ffmpeg process. A live stream that is
 * not available yet is retried.
 *
 * @throws {SourceError} if ffmpeg is missing, or with the reason of ffmpeg if a recording cannot be
 * read.
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
  const isLocal = await isFile(options.input);
  if (!isLocal && LIVE_INPUT.test(options.input)) return openLive(settings);
  const times = options.timesPath === undefined
    ? undefined
    : await readFrameTimes(options.timesPath);
  let input: ProbedInput;
  try {
    input = await probeInput(options.input, { executable });
  } catch (error) {
    if (!isLocal && HTTP_INPUT.test(options.input) && error instanceof SourceError) {
      return openLive(settings);
    }
    throw error;
  }
  if (!isLocal && HTTP_INPUT.test(options.input) && input.info.durationS === undefined) {
    return openLive(settings, input);
  }
  return new RecordedSource(input, { ...settings, ...(times && { times }) });
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
