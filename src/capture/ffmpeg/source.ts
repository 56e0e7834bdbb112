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
  /** A path, a URL, a device, or `lavfi:GRAPH`: whatever ffmpeg opens. */
  readonly input: string;
  /** @default "none" */
  readonly transform?: InputTransform;
  /** False reads a recording as fast as it goes, with the same times. @default true */
  readonly realtime?: boolean;
  /** Begins a recording again at its end, with times that go on. @default false */
  readonly loop?: boolean;
  /** A file of frame times in milliseconds, one a line, instead of the recording's own. */
  readonly timesPath?: string;
  /** The analysis picture of a JPEG is halved as long as it stays at least this wide. @default 320 */
  readonly analysisWidth?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}

/** These never end, and may come later. */
const LIVE = /^(rtsps?|rtmps?|rtp|srt|udp|tcp|mms[ht]?|lavfi):|^\/dev\//;
/** Only a look inside tells whether these end. */
const WEB = /^https?:/;

/**
 * Opens a recorded video or a live stream through one long-lived ffmpeg.
 *
 * @throws {SourceError} where there is no ffmpeg, or a recording cannot be read, with ffmpeg's
 * own reason. A stream that is not there yet is waited for.
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
  if (!isLocal && LIVE.test(options.input)) return openLive(settings);
  const times = options.timesPath === undefined
    ? undefined
    : await readFrameTimes(options.timesPath);
  let input: ProbedInput;
  try {
    input = await probeInput(options.input, { executable });
  } catch (error) {
    if (!isLocal && WEB.test(options.input) && error instanceof SourceError) {
      return openLive(settings);
    }
    throw error;
  }
  if (!isLocal && WEB.test(options.input) && input.info.durationS === undefined) {
    return openLive(settings, input);
  }
  return new RecordedSource(input, { ...settings, ...(times && { times }) });
}

function openLive(settings: LiveOptions & FfmpegSourceOptions, input?: ProbedInput): LiveSource {
  const { timesPath, loop, realtime, log } = settings;
  if (timesPath !== undefined || loop || !realtime) {
    log.warning("A live stream has its own pace and times: --loop and the like change nothing");
  }
  return new LiveSource(settings, input);
}
