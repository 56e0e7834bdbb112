import type { EpochUs } from "../src/base/time.ts";
/**
 * Records docs/examples: one message of each topic, from runs of the server on a seeded
 * simulation. Run it when the messages change, then `deno task docs`.
 *
 *     deno run -A scripts/record_examples.ts
 */
import { encodeFrameEnvelope, type Topic } from "../src/envelopes/envelope.ts";
import { examplePath } from "../src/envelopes/render/files.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const PROGRAM = `${ROOT}scripts/physiology_server`;

interface Message {
  readonly timestamp: EpochUs;
  readonly payload: object;
}

async function run(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(PROGRAM, { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Plays a simulated clip to the file backend. */
async function publish(
  folder: string,
  { clip, play }: { readonly clip: readonly string[]; readonly play: readonly string[] },
): Promise<void> {
  await run("simulate", `--output=${folder}/clip.avi`, ...clip);
  await run(
    `--input_video_path=${folder}/clip.avi`,
    "--norealtime",
    "--port=0",
    "--streaming_backend=file",
    `--file_base_directory=${folder}`,
    ...play,
  );
}

/** The message with the most keys, at any depth. */
function richest(folder: string, topic: Topic): Message {
  const messages = Deno.readTextFileSync(`${folder}/${topic}.jsonl`).split("\n").filter(Boolean)
    .map((line) => JSON.parse(line) as Message);
  const keysOf = (value: unknown): number =>
    typeof value !== "object" || value === null
      ? 0
      : Object.values(value).reduce((sum, each) => sum + keysOf(each), Object.keys(value).length);
  const [best] = messages.filter(({ payload }) => !("name" in payload) || payload.name === "OK")
    .sort((a, b) => keysOf(b.payload) - keysOf(a.payload));
  if (!best) throw new Error(`Cannot find a message of ${topic}`);
  return best;
}

/** The message as a subscriber that is connected receives it: what waited is marked as replayed. */
function asLive({ payload, ...envelope }: Message): object {
  const { metadata, ...rest } = payload as { metadata?: { replayed?: true } };
  const { replayed: _, ...kept } = metadata ?? {};
  return {
    ...envelope,
    payload: { ...rest, ...metadata && Object.keys(kept).length ? { metadata: kept } : {} },
  };
}

function write(topic: Topic, message: object): void {
  Deno.writeTextFileSync(ROOT + examplePath(topic), JSON.stringify(message, null, 2) + "\n");
}

Deno.mkdirSync(`${ROOT}docs/examples`, { recursive: true });
const metrics = await Deno.makeTempDir();
const frames = await Deno.makeTempDir();
try {
  await publish(metrics, {
    clip: ["--duration=70", "--simulate_seed=7"],
    play: [
      "--frame_publish=never",
      "--start_with_recording_on",
      "--enable_phasic_bp",
      "--enable_eda",
    ],
  });
  for (const topic of ["core_metrics", "edge_metrics", "status", "recording_state"] as const) {
    write(topic, asLive(richest(metrics, topic)));
  }
  await publish(frames, {
    clip: ["--duration=1", "--capture_width_px=64", "--capture_height_px=64"],
    play: ["--frame_publish=always"],
  });
  const jpeg = Deno.readFileSync(`${frames}/latest.jpg`);
  const { timestamp } = richest(metrics, "core_metrics");
  const frame = encodeFrameEnvelope({ timestamp, sequence: 29, width: 64, height: 64, jpeg });
  write("frame", JSON.parse(new TextDecoder().decode(frame)));
} finally {
  for (const folder of [metrics, frames]) await Deno.remove(folder, { recursive: true });
}
