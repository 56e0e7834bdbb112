import { openFfmpegSource } from "../capture/ffmpeg/source.ts";
import type { FrameSource } from "../capture/frame.ts";
import type { TruthSample } from "../capture/simulator/truth.ts";
import { reasonOf, UsageError } from "../base/errors.ts";
import { videoInputOf, type VideoInputSettings } from "../capture/ffmpeg/flags.ts";
import type { VitalsSettings } from "../vitals/flags.ts";
import type { ValidateSettings } from "./flags.ts";
import { SystemClock } from "../telemetry/clock.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import { Vision } from "../vision/vision.ts";
import { openSimulation, type SimulatedInputSettings } from "../capture/simulator/open.ts";
import { parseSchedule } from "../capture/simulator/rate_schedule.ts";
import type { RateStep } from "./response.ts";
import { rateReference, type Reference, referencesOf } from "./reference.ts";
import { type NumberTable, parseTable, TableError } from "./table.ts";
import { traceSamples } from "./trace.ts";
import type { Vital } from "./vital.ts";

/** The settings that choose and describe the input. */
export interface InputSettings extends SimulatedInputSettings {
  readonly validate: ValidateSettings;
  readonly video: VideoInputSettings;
  readonly vitals: VitalsSettings;
}

/** What is validated, and what it is compared with. */
export interface ValidationInput {
  /** One line for the report. */
  readonly description: string;
  readonly samples: AsyncIterable<RegionSample> | Iterable<RegionSample>;
  readonly references: Readonly<Partial<Record<Vital, Reference>>>;
  /** True if the time of the references starts at the first sample. */
  readonly fromFirstSample: boolean;
  /** Duration in seconds, if it is known in advance. */
  readonly durationS?: number;
  /** Steps of the pulse rate, for the response time. */
  readonly steps?: readonly RateStep[];
}

/**
 * Opens the input that the settings select.
 *
 * @throws {UsageError} unless exactly one input is selected
 * @throws {TableError} if a table cannot be used
 */
export function openInput(settings: InputSettings): ValidationInput {
  const { validate: { inputTracePath, referencePath }, video, simulate } = settings;
  const videoInput = videoInputOf(video);
  const selected = [
    inputTracePath !== undefined && "--input_trace_path",
    videoInput !== undefined && "--input_video_path",
    simulate.enabled && "--simulate",
  ].filter((name) => name !== false);
  if (selected.length !== 1) {
    throw new UsageError(
      selected.length
        ? `Cannot validate ${selected.join(" and ")} together: choose one input`
        : "Cannot validate without an input: add --input_video_path, --input_trace_path, " +
          "--manifest or --simulate",
    );
  }
  if (simulate.enabled) {
    if (referencePath !== undefined) {
      throw new UsageError(
        "Cannot use --reference_path with --simulate: the simulation has its own reference",
      );
    }
    return simulationInput(settings);
  }
  return inputTracePath === undefined
    ? openVideo(settings, videoInput!)
    : traceInput(settings, inputTracePath);
}

function readTable(path: string): NumberTable {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new TableError(`Cannot read ${path}: ${reason}`, { cause });
  }
  return parseTable(text, path);
}

function traceInput({ validate }: InputSettings, path: string): ValidationInput {
  const { referencePath = path, referenceColumn, signals } = validate;
  const table = readTable(path);
  return {
    description: `trace ${path}${signals.length ? `, ready signals ${signals.join(", ")}` : ""}`,
    samples: traceSamples(table, { signals }),
    references: referenceColumn === undefined ? {} : referencesOf(
      referencePath === path ? table : readTable(referencePath),
      referenceColumn,
    ),
    fromFirstSample: false,
    ...durationOf(table),
  };
}

function durationOf(table: NumberTable): Pick<ValidationInput, "durationS"> {
  const times = table.columns.get("t_s");
  return times?.length ? { durationS: times.at(-1)! - times[0]! } : {};
}

function openVideo(settings: InputSettings, path: string): ValidationInput {
  const { validate: { referencePath, referenceColumn }, video, camera } = settings;
  if ((referencePath === undefined) !== (referenceColumn === undefined)) {
    throw new UsageError(
      "Cannot use one of --reference_path and --reference_column alone: set both",
    );
  }
  const open = () =>
    openFfmpegSource({
      input: path,
      tlsCaPath: video.inputTlsCaPath,
      transform: camera.inputTransformMode,
      realtime: false,
      ...(video.inputTimePath === undefined ? {} : { timesPath: video.inputTimePath }),
    });
  return {
    description: `video ${path}`,
    samples: observe(open, settings),
    references: referencePath === undefined || referenceColumn === undefined
      ? {}
      : referencesOf(readTable(referencePath), referenceColumn),
    fromFirstSample: true,
  };
}

function simulationInput(settings: InputSettings): ValidationInput {
  const truth: TruthSample[] = [];
  const open = () =>
    Promise.resolve(openSimulation(settings, {
      clock: new SystemClock(),
      truthPath: undefined,
      stamped: false,
      realtime: false,
      durationS: settings.validate.durationS,
      onTruth: (sample) => truth.push(sample),
    }));
  const reference = (rate: (sample: TruthSample) => number): Reference => ({
    description: "ground truth of the simulation",
    rateAt: (endS, windowS) =>
      rateReference(
        Float64Array.from(truth, ({ timeS }) => timeS),
        Float64Array.from(truth, rate),
      ).rateAt(endS, windowS),
  });
  const { scene, pulseBpm, breathingBpm, noise, motion, light, frameDrop, seed } =
    settings.simulate;
  const hasPerson = scene === "person" || scene === "two_faces";
  return {
    description: `simulated camera: ${scene}, pulse ${pulseBpm}, breathing ${breathingBpm}, ` +
      `noise ${noise}, motion ${motion}, light ${light}, frame drop ${frameDrop}, seed ${seed}`,
    samples: observe(open, settings),
    references: {
      ...(hasPerson && Number(pulseBpm) !== 0
        ? { pulse: reference(({ pulseRate }) => pulseRate) }
        : {}),
      ...(hasPerson && Number(breathingBpm) !== 0
        ? { breathing: reference(({ breathRate }) => breathRate) }
        : {}),
    },
    fromFirstSample: true,
    durationS: settings.validate.durationS,
    steps: hasPerson ? stepsOf(pulseBpm, settings.validate.durationS) : [],
  };
}

/** Returns the steps between two rates within the duration; a pulse that stops or starts is none. */
function stepsOf(schedule: string, durationS: number): RateStep[] {
  const rates = parseSchedule(schedule);
  return rates.slice(1).flatMap(({ fromS, perMinute }, k) => {
    const from = rates[k]!.perMinute;
    const isStep = from > 0 && perMinute > 0 && from !== perMinute && fromS < durationS;
    return isStep ? [{ from, to: perMinute, atS: fromS }] : [];
  });
}

/** Measures the regions in each frame of a source, and closes the source at the end. */
async function* observe(
  open: () => Promise<FrameSource>,
  { vitals: { pulseModelPath } }: InputSettings,
): AsyncGenerator<RegionSample> {
  await using vision = await Vision.open(pulseModelPath === undefined ? {} : { pulseModelPath });
  await using source = await open();
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    yield await vision.observeInOrder(frame);
  }
}
