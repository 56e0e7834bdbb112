import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { Counters } from "../../telemetry/counters.ts";
import { type Log, silentLog } from "../../telemetry/log.ts";
import type { FrameSource } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { findFfmpeg } from "./executable.ts";
import { readFrameTimes } from "./frame_times.ts";
import { probeInput } from "./input.ts";
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
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}

/**
 * Opens a recorded video or a live stream through one long-lived ffmpeg.
 *
 * @throws {SourceError} where there is no ffmpeg, or a recording cannot be read, with ffmpeg's
 * own reason.
 */
export async function openFfmpegSource(options: FfmpegSourceOptions): Promise<FrameSource> {
  const executable = await findFfmpeg();
  const times = options.timesPath === undefined
    ? undefined
    : await readFrameTimes(options.timesPath);
  const input = await probeInput(options.input, { executable });
  return new RecordedSource(input, {
    transform: "none",
    realtime: true,
    loop: false,
    clock: new SystemClock(),
    log: silentLog,
    counters: new Counters(),
    ...options,
    executable,
    ...(times && { times }),
  });
}
