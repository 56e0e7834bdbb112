import { assertEnvelope } from "./envelope_schema.ts";
import type { Envelope } from "../../src/envelopes/envelope.ts";
import type { ClientOptions, RedisServer } from "./redis_server.ts";
import { waitFor } from "./wait.ts";

const SCRIPT = new URL("../../scripts/physiology_server", import.meta.url).pathname;

export interface StartServerOptions {
  /** Variables added to the environment; undefined removes one of the test's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Program that takes the arguments. @default scripts/physiology_server */
  readonly program?: string;
}

/** Exit status and output of a program. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program, run from source as a user runs it; killed when disposed. */
export class ProgramUnderTest implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Promise<void>;
  readonly #stderr: Promise<void>;
  #out = "";
  #err = "";
  #code: number | undefined;
  readonly ended: Promise<ProgramResult>;

  constructor(
    args: readonly string[],
    { env = {}, cwd, program = SCRIPT }: StartServerOptions = {},
  ) {
    this.#child = new Deno.Command(program, {
      args: [...args],
      // Servers of several tests run at once: none listens for gRPC unless its test sets a port.
      env: defined({ NO_COLOR: "1", PHYSIOLOGY_PORT: "0", ...env }),
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = collect(this.#child.stdout, (text) => this.#out += text);
    this.#stderr = collect(this.#child.stderr, (text) => this.#err += text);
    this.ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid;
  }
  get stdout(): string {
    return this.#out;
  }
  get stderr(): string {
    return this.#err;
  }
  get running(): boolean {
    return this.#code === undefined;
  }

  kill(signal: Deno.Signal = "SIGTERM"): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Process ids of all descendants of the program. */
  descendants(): number[] {
    return descendantsOf(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }

  async #end(): Promise<ProgramResult> {
    const { code } = await this.#child.status;
    this.#code = code; // from here on, the process cannot be killed
    await Promise.all([this.#stdout, this.#stderr]);
    return { code, stdout: this.#out, stderr: this.#err };
  }
}

/** Starts the program; it runs until it exits or the result is disposed. */
export function startProgram(
  args: readonly string[],
  options?: StartServerOptions,
): ProgramUnderTest {
  return new ProgramUnderTest(args, options);
}

/** Runs the program until it exits. */
export async function runProgram(
  args: readonly string[],
  options?: StartServerOptions,
): Promise<ProgramResult> {
  await using program = startProgram(args, options);
  return await program.ended;
}

/** A received envelope with the time of its arrival, in milliseconds since the Unix epoch. */
export type Received = (Envelope | FrameEnvelope) & { readonly receivedMs: number };

interface FrameEnvelope {
  readonly type: "frame";
  readonly timestamp: number;
  readonly payload: {
    readonly data: string;
    readonly width: number;
    readonly height: number;
    readonly format: "jpeg";
    readonly sequence: number;
  };
}

/** Collects all messages that are published under a key prefix. */
export class Subscriber {
  readonly received: Received[] = [];

  static async of(
    server: RedisServer,
    prefix = "physiology",
    options: ClientOptions = {},
  ): Promise<Subscriber> {
    const subscriber = new Subscriber();
    const client = server.client(options);
    client.on("pmessage", (_pattern: string, _channel: string, message: string) => {
      const receivedMs = performance.timeOrigin + performance.now();
      const envelope = JSON.parse(message);
      // Throws outside of any test: the runner then fails the test that is running.
      assertEnvelope(envelope);
      subscriber.received.push({ ...envelope, receivedMs });
    });
    await client.psubscribe(`${prefix}:*`);
    return subscriber;
  }

  all<T extends Received["type"]>(type: T): Extract<Received, { type: T }>[] {
    return this.received.filter((envelope) => envelope.type === type) as Extract<
      Received,
      { type: T }
    >[];
  }

  /** Returns the sequence numbers of core metrics, up to the newest one, that were not received. */
  missing(): number[] {
    const received = new Set(
      this.all("core_metrics").map(({ payload }) => payload.metadata?.sequence ?? 0),
    );
    const all = Array.from({ length: Math.max(...received) + 1 }, (_value, sequence) => sequence);
    return all.filter((sequence) => !received.has(sequence));
  }

  /** Waits for the first message of `type` that `accepts`. */
  async first<T extends Received["type"]>(
    type: T,
    accepts: (envelope: Extract<Received, { type: T }>) => boolean = () => true,
    timeoutMs = 30_000,
  ): Promise<Extract<Received, { type: T }>> {
    return await waitFor(`a message ${type}`, () => this.all(type).find(accepts), { timeoutMs });
  }
}

function defined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  take: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

function descendantsOf(pid: number): number[] {
  let children: string;
  try {
    children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  } catch {
    return [];
  }
  return children.split(" ").filter(Boolean).map(Number)
    .flatMap((child) => [child, ...descendantsOf(child)]);
}
