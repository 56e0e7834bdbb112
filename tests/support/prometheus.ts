import { freePort } from "./free_port.ts";
import { Program, PYTHON } from "./program.ts";
import { waitFor } from "./wait.ts";

/** Files for Prometheus and Grafana, as users take them. */
export const GRAFANA = new URL("../../integrations/grafana/", import.meta.url).pathname;

/** Whether Debian's packages `prometheus` and `python3-prometheus-client` are installed. */
export function hasPrometheus(): boolean {
  try {
    return output("prometheus", ["--version"]).success &&
      output(PYTHON, ["-c", "import prometheus_client"]).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs `promtool`, and throws its output unless it succeeds. */
export async function promtool(
  args: readonly string[],
  { cwd, input }: { readonly cwd?: string; readonly input?: string } = {},
): Promise<void> {
  await pipe("promtool", args, { input: input ?? "", cwd });
}

/** Reads OpenMetrics with the strict parser of Prometheus' client for Python; throws its error. */
export async function parseOpenMetrics(text: string): Promise<readonly ParsedSample[]> {
  const program = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode()
samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
print(json.dumps([{"name": s.name, "labels": s.labels, "value": s.value} for s in samples]))
`;
  return JSON.parse(await pipe(PYTHON, ["-c", program], { input: text }));
}

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A series of a range query: its labels, and times in seconds with values. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, number])[];
}

/** Debian's Prometheus on a free port of 127.0.0.1, until it is disposed. */
export class Prometheus implements AsyncDisposable {
  readonly #program: Program;
  /** Address of its page and of its interface. */
  readonly url: string;

  private constructor(program: Program, port: number) {
    this.#program = program;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts it with the configuration at `path`; its data go to `folder`. */
  static async start(path: string, folder: string): Promise<Prometheus> {
    const port = freePort();
    const program = new Program("prometheus", [
      `--config.file=${path}`,
      `--storage.tsdb.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const prometheus = new Prometheus(program, port);
    await waitFor("Prometheus", () => prometheus.#isReady(), { timeoutMs: 30_000 });
    return prometheus;
  }

  /** The newest values of an instant query; a range selector gives all samples of its range. */
  async query(expr: string): Promise<readonly Series[]> {
    return seriesOf(await this.#get("query", { query: expr }));
  }

  /** The values of a query from `startS` to now, one per second. */
  async queryRange(expr: string, startS: number): Promise<readonly Series[]> {
    const end = `${Date.now() / 1000}`;
    return seriesOf(
      await this.#get("query_range", { query: expr, start: `${startS}`, end, step: "1" }),
    );
  }

  /** The values of a label of the series that `selector` matches. */
  async labelValues(label: string, selector: string): Promise<readonly string[]> {
    return await this.#get(`label/${label}/values`, { "match[]": selector }) as string[];
  }

  async #get(path: string, parameters: Record<string, string>): Promise<unknown> {
    const query = new URLSearchParams(parameters);
    const response = await fetch(`${this.url}/api/v1/${path}?${query}`);
    const { status, data, error } = await response.json();
    if (status !== "success") throw new Error(`${parameters["query"]}: ${error}`);
    return data;
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/-/ready`);
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}

interface QueryData {
  readonly result: readonly {
    readonly metric: Series["metric"];
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
  }[];
}

function seriesOf(data: unknown): readonly Series[] {
  return (data as QueryData).result.map(({ metric, value, values = value ? [value] : [] }) => ({
    metric,
    values: values.map(([atS, text]) => [atS, Number(text)] as const),
  }));
}

function output(program: string, args: readonly string[]): Deno.CommandOutput {
  return new Deno.Command(program, { args: [...args] }).outputSync();
}

async function pipe(
  program: string,
  args: readonly string[],
  { input, cwd }: { readonly input: string; readonly cwd?: string | undefined },
): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    ...cwd === undefined ? {} : { cwd },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args[0]} failed: ${errors}${printed}`);
  return printed ?? "";
}
