import assert from "node:assert/strict";
import type { RedisServer } from "./redis_server.ts";
import { type ProgramOutput, runProgram } from "./run_program.ts";

/** One row of the report of `simulate --devices --json`. */
export interface FleetTopic {
  readonly topic: string;
  readonly expected: number;
  readonly received: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly replayed: number;
  readonly p99_ms: number;
  readonly worst_ms: number;
}

/** The report of `simulate --devices --json`. */
export interface FleetJson {
  readonly published: number;
  readonly seconds: number;
  readonly observed: readonly FleetTopic[];
  readonly watched: readonly FleetTopic[];
  readonly dropped: Readonly<Record<string, number>>;
  readonly connections: { readonly total: number; readonly attempts: number };
  readonly outages: readonly {
    readonly fewest_ready: number;
    readonly first_back_s?: number;
    readonly all_back_s?: number;
    readonly readers_back_s?: number;
    readonly peak_attempts_after: number;
  }[];
}

/** Runs a fleet against a Redis, and returns its report. */
export async function runFleet(
  server: Pick<RedisServer, "hostname" | "port">,
  ...flags: readonly string[]
): Promise<FleetJson> {
  const { hostname, port } = server;
  const output = await runProgram([
    "simulate",
    `--redis_host=${hostname}`,
    `--redis_port=${port}`,
    "--redis_key_prefix=fleet",
    "--warm_up=0",
    "--json",
    ...flags,
  ]);
  return reportOf(output);
}

function reportOf({ status, stdout, stderr }: ProgramOutput): FleetJson {
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** Returns the row of a topic. */
export function topicOf(topics: readonly FleetTopic[], topic: string): FleetTopic {
  const found = topics.find((each) => each.topic === topic);
  assert(found, `${topic} is in ${JSON.stringify(topics)}`);
  return found;
}

/** What `fleet_judge.py` has received. */
export interface Verdict {
  readonly received: number;
  readonly duplicates: number;
  /** Number of different devices and runs of them. */
  readonly series: number;
  readonly smallest_latency_s: number;
}

/** Starts an independent subscriber in redis-py; `end` stops it and returns what it received. */
export async function startJudge(server: Pick<RedisServer, "port">, pattern: string) {
  const child = new Deno.Command("/usr/bin/python3", {
    args: [new URL("fleet_judge.py", import.meta.url).pathname, `${server.port}`, pattern],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await lines.read()).value ?? "", /ready/);
  return {
    async end(): Promise<Verdict> {
      await child.stdin.close();
      let text = "";
      for (let read = await lines.read(); !read.done; read = await lines.read()) text += read.value;
      await child.status;
      return JSON.parse(text);
    },
  };
}
