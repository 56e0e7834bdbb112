import { runFleet } from "./fleet.ts";
import type { RedisServer } from "./redis_server.ts";
import { clock } from "./messages.ts";
import { waitFor } from "./wait.ts";

const WORKER = new URL("../../integrations/fleet/analytics_worker.py", import.meta.url).pathname;

/** The stream of a device. */
const streamOf = (device: number) => `fleet-${device}:core_metrics:history`;

export interface PipelineOptions {
  readonly devices: number;
  readonly workers: number;
  /** Duration of the fleet in seconds. */
  readonly seconds: number;
  /** Interval at which a worker is killed, in seconds; another one starts in its place. */
  readonly killEveryS: number;
  readonly claimAfterS: number;
}

/** What the workers have stored. */
export interface PipelineResult {
  /** Different core metrics in the streams. */
  readonly published: number;
  /** Entries that devices have added again, as the acknowledgement of the first was late. */
  readonly repeated: number;
  /** Stored results. */
  readonly stored: number;
  /** Those of different messages. */
  readonly different: number;
  /** Workers that were killed. */
  readonly killed: number;
}

/** The workers of a pipeline, of which some are killed. */
class Workers implements AsyncDisposable {
  readonly #children = new Map<string, Deno.ChildProcess>();
  #started = 0;

  constructor(readonly server: RedisServer, readonly options: PipelineOptions) {
    for (let worker = 0; worker < options.workers; worker++) this.#start();
  }

  /** Waits until all workers search for streams. */
  async ready(): Promise<void> {
    const client = this.server.client();
    await waitFor("the workers to search for streams", async () => {
      const clients = String(await client.client("LIST"));
      return clients.split(" cmd=scan ").length - 1 >= this.options.workers;
    }, { timeoutMs: 60_000 });
  }

  /**
   * Kills the oldest worker that has taken entries, in the middle of whatever it does, and starts
   * another one. Returns false, and does neither, if the signal aborts before one has.
   */
  async replaceOne(signal: AbortSignal): Promise<boolean> {
    let oldest: string | undefined;
    await waitFor("a worker to take entries", async () => {
      const active = await this.#active();
      oldest = [...this.#children.keys()].find((name) => active.has(name));
      return signal.aborted || oldest !== undefined;
    }, { timeoutMs: 60_000 });
    if (signal.aborted || oldest === undefined) return false;
    const child = this.#children.get(oldest)!;
    this.#children.delete(oldest);
    child.kill("SIGKILL");
    this.#start();
    await child.status;
    return true;
  }

  /** Returns the names of the workers that have taken entries of any device. */
  async #active(): Promise<ReadonlySet<string>> {
    const client = this.server.client();
    const consumers = await Promise.all(
      Array.from({ length: this.options.devices }, async (_, at) => {
        const list = await client.call("XINFO", "CONSUMERS", streamOf(at + 1), "analytics")
          .catch(() => []); // before the stream or the group exists
        return (list as string[][]).map((consumer) => consumer[1]!);
      }),
    );
    return new Set(consumers.flat());
  }

  #start(): void {
    const { claimAfterS } = this.options;
    const name = `worker-${++this.#started}`;
    this.#children.set(
      name,
      new Deno.Command("/usr/bin/python3", {
        // deno-fmt-ignore
        args: [
          WORKER, `--redis_host=${this.server.hostname}`, `--redis_port=${this.server.port}`,
          "--devices=fleet-*", `--consumer=${name}`, "--search_interval_s=0.5",
          `--claim_after_s=${claimAfterS}`,
        ],
      }).spawn(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.#children.values()];
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map(({ status }) => status));
  }
}

/** Kills one worker in each interval, until the signal aborts; returns how many. */
async function killRegularly(
  workers: Workers,
  { killEveryS, signal }: { readonly killEveryS: number; readonly signal: AbortSignal },
): Promise<number> {
  for (let killed = 0;; killed++) {
    await clock.sleep(killEveryS * 1000, signal);
    if (signal.aborted || !await workers.replaceOne(signal)) return killed;
  }
}

/** Runs a fleet and workers that are killed, and returns what was stored of the messages. */
export async function runPipeline(
  server: RedisServer,
  options: PipelineOptions,
): Promise<PipelineResult> {
  const client = server.client();
  const streams = Array.from(
    { length: options.devices },
    (_, at) => streamOf(at + 1),
  );
  await using workers = new Workers(server, options);
  await workers.ready();
  const fleet = runFleet(
    server,
    `--devices=${options.devices}`,
    "--noredis_use_pubsub",
    "--fleet_role=publish",
    `--duration=${options.seconds}`,
  );
  const ended = new AbortController();
  const killing = killRegularly(workers, { ...options, signal: ended.signal });
  await fleet.finally(() => ended.abort());
  const killed = await killing;
  const pendingOf = async (stream: string) =>
    Number((await client.call("XPENDING", stream, "analytics") as unknown[])[0]);
  const groupOf = async (stream: string) => {
    const [group] = await client.call("XINFO", "GROUPS", stream) as unknown[][];
    return group?.[group.indexOf("lag") + 1];
  };
  await waitFor("every entry to be processed", async () => {
    const lags = await Promise.all(streams.map(groupOf)).catch(() => [NaN]);
    if (lags.some(Number.isNaN)) return false; // before the first worker has created the group
    const pending = await Promise.all(streams.map(pendingOf));
    return lags.every((lag) => lag === 0) && pending.every((count) => count === 0);
  }, { timeoutMs: options.claimAfterS * 1000 + 20_000, pollMs: 100 });
  const messages = await Promise.all(streams.map(async (stream) => {
    const entries = await client.call("XRANGE", `{${stream}}:analytics:results`, "-", "+");
    return (entries as [string, string[]][]).map(([, [, message]]) => message!);
  }));
  const published = await Promise.all(streams.map(async (stream) => {
    const entries = await client.xrange(stream, "-", "+") as [string, string[]][];
    return entries.map(([, [, text]]) => messageOf(text!));
  }));
  return {
    published: new Set(published.flat()).size,
    repeated: published.flat().length - new Set(published.flat()).size,
    stored: messages.flat().length,
    different: new Set(messages.flat()).size,
    killed,
  };
}

/** Identifies a message as the workers do. */
function messageOf(text: string): string {
  const { boot_id, sequence } = JSON.parse(text).payload.metadata;
  return `${boot_id} ${sequence}`;
}
