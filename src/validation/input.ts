import { openFfmpegSource } from "../capture/ffmpeg/source.ts";
import type { FrameSource } from "../capture/frame.ts";
import type { TruthSample } from "../capture/simulator/truth.ts";
import { UsageError } from "../base/errors.ts";
import type { VideoInputSettings } from "../capture/ffmpeg/flags.ts";
import type { VitalsSettings } from "../vitals/flags.ts";
import type { ValidateSettings } from "./flags.ts";
import { reasonOf } from "../base/reason.ts";
import { SystemClock } from "../telemetry/clock.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import { Vision } from "../vision/vision.ts";
import { openSimulation, type SimulatedInputSettings } from "../capture/simulator/open.ts";
import { rateReference, type Reference, referencesOf } from "./reference.ts";
import { type NumberTable, parseTable, TableError } from "./table.ts";
import { traceSamples } from "./trace.ts";
import type { Vital } from "./vital.ts";

/** The settings that choose and describe the input. */
interface InputSettings extends SimulatedInputSettings {
  readonly validate: ValidateSettings;
  readonly video: VideoInputSettings;
  readonly vitals: VitalsSettings;
}

/** What is validated, and what it is compared with. */
export interface Input {
  /** One line for the report. */
  readonly description: string;
  readonly samples: AsyncIterable<RegionSample> | Iterable<RegionSample>;
  readonly references: Readonly<Partial<Record<Vital, Reference>>>;
  /** True where a reference's second 0 is the first sample, not the samples' own 0. */
  readonly fromFirstSample: boolean;
}

/**
 * The input that the settings choose.
 *
 * @throws {UsageError} where none, or more than one, is chosen
 * @throws {TableError} where a table cannot be used
 */
export function openInput(settings: InputSettings): Input {
  const { validate: { inputTracePath, referencePath }, video, simulate } = settings;
  const chosen = [
    inputTracePath !== undefined && "--input_trace_path",
    video.inputPath !== undefined && "--input_video_path",
    simulate.enabled && "--simulate",
  ].filter((name) => name !== false);
  if (chosen.length !== 1) {
    throw new UsageError(
      chosen.length
        ? `Cannot validate ${chosen.join(" and ")} together: choose one input`
        : "Cannot validate without an input: add --input_video_path, --input_trace_path or --simulate",
    );
  }
  if (simulate.enabled) {
    if (referencePath !== undefined) {
      throw new UsageError("Cannot use --reference_path with --simulate: it knows its own truth");
    }
    return simulationInput(settings);
  }
  return inputTracePath === undefined
    ? videoInput(settings, video.inputPath!)
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

function traceInput({ validate }: InputSettings, path: string): Input {
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
  };
}

function videoInput(settings: InputSettings, path: string): Input {
  const { validate: { referencePath, referenceColumn }, video, camera } = settings;
  if ((referencePath === undefined) !== (referenceColumn === undefined)) {
    throw new UsageError(
      "Cannot use one of --reference_path and --reference_column alone: give both",
    );
  }
  const open = () =>
    openFfmpegSource({
      input: path,
      transform: camera.inputTransformMode,
      realtime: false,
      ...(video.inputTimePath === undefined ? {} : { timesPath: video.inputTimePath }),
    });
  return {
    description: `video ${path}`,
    samples: watched(open, settings),
    references: referencePath === undefined || referenceColumn === undefined
      ? {}
      : referencesOf(readTable(referencePath), referenceColumn),
    fromFirstSample: true,
  };
}

function simulationInput(settings: InputSettings): Input {
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
    description: "the simulation's own truth",
    rateAt: (endS, windowS) =>
      rateReference(
        Float64Array.from(truth, ({ timeS }) => timeS),
        Float64Array.from(truth, rate),
      ).rateAt(endS, windowS),
  });
  const { scene, pulseBpm, breathingBpm, noise, motion, light, frameDrop, seed } =
    settings.simulate;
  const alive = scene === "person" || scene === "two_faces";
  return {
    description: `simulated camera: ${scene}, pulse ${pulseBpm}, breathing ${breathingBpm}, ` +
      `noise ${noise}, motion ${motion}, light ${light}, frame drop ${frameDrop}, seed ${seed}`,
    samples: watched(open, settings),
    references: {
      ...(alive && Number(pulseBpm) !== 0
        ? { pulse: reference(({ pulseRate }) => pulseRate) }
        : {}),
      ...(alive && Number(breathingBpm) !== 0
        ? { breathing: reference(({ breathRate }) => breathRate) }
        : {}),
    },
    fromFirstSample: true,
  };
}

/** What vision measures on each frame of a source, which is closed at the end. */
async function* watched(
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
