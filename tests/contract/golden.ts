/**
 * Golden recordings: the messages that the program publishes for one input, with times relative to
 * the first core metrics message and without what differs between runs.
 *
 * As a program it records a video, so that two versions can be compared message by message:
 *
 *     deno run -A tests/contract/golden.ts --out=FOLDER --video=FILE [--program=PATH]
 */
import { parseArgs } from "node:util";

/** A published message, of which only the outer shape is known here. */
interface Message {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: Record<string, unknown>;
}

/** Keys whose values differ between runs, or are texts for people. */
const OMITTED = new Set([
  "boot_id",
  "latency_ms",
  "frame_degradation",
  "frame_quality",
  "message",
  "hint",
  "since",
]);

/** The value with timestamps in microseconds after `originUs` and without the omitted keys. */
export function normalized(value: unknown, originUs: number): unknown {
  if (Array.isArray(value)) return value.map((each) => normalized(each, originUs));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => !OMITTED.has(key)).map(([key, each]) => [
      key,
      key.endsWith("timestamp") && typeof each === "number"
        ? each - originUs
        : normalized(each, originUs),
    ]),
  );
}

/** The lines of one topic, each normalized. */
export function goldenLines(text: string, originUs: number): string[] {
  return text.split("\n").filter(Boolean).map((line) =>
    JSON.stringify(normalized(JSON.parse(line), originUs))
  );
}

/** The timestamp of the first core metrics message, to which all times are relative. */
export function originOf(coreText: string): number {
  const [first = "{}"] = coreText.split("\n");
  const { timestamp } = JSON.parse(first) as Message;
  return timestamp;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { out: { type: "string" }, program: { type: "string" }, video: { type: "string" } },
  });
  const { out, video } = values;
  if (!out || !video) throw new Error("Cannot record: --out and --video are required");
  const program = values.program ??
    new URL("../../scripts/physiology_server", import.meta.url).pathname;
  const folder = await Deno.makeTempDir();
  const { success, stderr } = await new Deno.Command(program, {
    args: [
      `--input_video_path=${video}`,
      "--norealtime",
      "--streaming_backend=file",
      `--file_base_directory=${folder}`,
      "--frame_publish=never",
      "--enable_phasic_bp",
      "--enable_eda",
      "--port=0",
    ],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await Deno.mkdir(out, { recursive: true });
  const core = await Deno.readTextFile(`${folder}/core_metrics.jsonl`);
  const originUs = originOf(core);
  for (const topic of ["core_metrics", "edge_metrics", "recording_state"]) {
    const lines = goldenLines(await Deno.readTextFile(`${folder}/${topic}.jsonl`), originUs)
      .map((line) => topic === "recording_state" ? line.replace(/"timestamp":-?\d+/, "") : line);
    await Deno.writeTextFile(`${out}/${topic}.jsonl`, lines.join("\n") + "\n");
  }
  await Deno.remove(folder, { recursive: true });
}
