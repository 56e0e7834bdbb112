import { EXIT, UnavailableError } from "../../base/errors.ts";
import { findCameras } from "../../capture/cameras.ts";
import { SystemClock } from "../../telemetry/clock.ts";
import { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import { createVitalsEngine } from "../../vitals/engine.ts";
import { RateNetwork } from "../../vitals/pulse/rate_network/rate_network.ts";
import { Vision } from "../../vision/vision.ts";
import { selectedSources, type Settings } from "../flags.ts";
import { isSimulated, openSource } from "../source.ts";
import { stopSignal } from "../stop_signal.ts";
import { unusableLines, usableCameras } from "../up/find_input.ts";
import { findingsOf, isUsable } from "./findings.ts";
import { observe } from "./observe.ts";
import { findingsJson, findingsText } from "./report.ts";

/** Time of the check if `--duration` sets no other, in seconds. */
const DURATION_S = 10;

export interface CheckContext {
  readonly log: Log;
  readonly print: (text: string) => void;
}

/**
 * Reads the selected input, or the first camera, for ten seconds, and prints what it gives.
 *
 * @returns `EXIT.ok` if a pulse was measured, otherwise `EXIT.limitMissed`
 * @throws {UnavailableError} if there is no camera, or no frame arrives
 */
export async function checkCamera(
  settings: Settings,
  { log, print }: CheckContext,
): Promise<number> {
  const selected = await withInput(settings);
  const { server, vitals, output } = settings;
  const durationS = server.durationS || DURATION_S;
  using stop = stopSignal(log);
  const source = await openSource(selected, {
    clock: new SystemClock(undefined, undefined, log),
    counters: new Counters(),
    log,
  });
  await using vision = await Vision.open({
    log,
    ...vitals.pulseModelPath === undefined ? {} : { pulseModelPath: vitals.pulseModelPath },
  });
  using rateNetwork = await RateNetwork.open();
  if (!output.json) print(`Checking ${source.description} for ${durationS} s: sit still.`);
  const observation = await observe({
    source,
    vision,
    engine: createVitalsEngine({ pulse: { rateNetwork } }),
    durationS,
    signal: stop.signal,
  });
  const findings = findingsOf(observation);
  const about = { usable: isUsable(findings), simulated: isSimulated(selected) };
  print((output.json ? findingsJson : findingsText)(findings, about));
  return about.usable ? EXIT.ok : EXIT.limitMissed;
}

/** The settings with the first camera as the input, if none is selected; nothing is published. */
async function withInput(settings: Settings): Promise<Settings> {
  const unpublished: Settings = {
    ...settings,
    publish: { ...settings.publish, framePublish: "never" },
  };
  if (selectedSources(settings).length > 0) return unpublished;
  const cameras = await findCameras();
  const [camera] = usableCameras(cameras);
  if (!camera) {
    const reasons = unusableLines(cameras);
    throw new UnavailableError(["Cannot check a camera", ...reasons].join(": "), {
      hint: reasons.length > 0
        ? undefined
        : "none was found: connect one, or name an input such as --input_video_path",
    });
  }
  return { ...unpublished, camera: { ...settings.camera, ...camera.settings } };
}
