import { assetPath } from "../../base/assets.ts";
import { ChildProcess } from "../../base/child_process.ts";
import { UnavailableError } from "../../base/errors.ts";
import { SystemClock } from "../../telemetry/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { backoffMs } from "../../transports/backoff.ts";
import { DEFAULT_REDIS_OPTIONS } from "../../transports/redis/options.ts";
import { brokerConfig } from "./broker_config.ts";
import { choosePort } from "./ports.ts";
import { probeRedis } from "./probe_redis.ts";

/** Prefix of the folders of brokers in the state folder. */
const FOLDER_PREFIX = "broker-";
/** Another program may take the chosen port before the broker does. */
const START_ATTEMPTS = 5;
/** Time for a start; it takes 20 ms. Chosen. */
const START_MS = 5000;
const PROBE_INTERVAL_MS = 20;
/** Longest delay before the next start of a broker that ends again and again. Chosen. */
const MAX_DELAY_MS = 5000;
/** A broker that has served for this long has started well. Chosen. */
const SETTLED_MS = 10_000;

const clock = new SystemClock();

export interface EmbeddedBrokerOptions {
  /** Private folder, in which the broker has its own. */
  readonly folder: string;
  readonly password: string;
  readonly log: Log;
  /** Program. @default the packed Valkey */
  readonly program?: string;
  /** Port to use if it is free. @default 6379 */
  readonly preferredPort?: number;
}

/**
 * A Valkey that runs while it is not disposed of: in the sandbox, which ends it with this program, on
 * a port of loopback. If it ends by itself, it is started again on the same port.
 */
export class EmbeddedBroker implements AsyncDisposable {
  readonly port: number;
  readonly #options: EmbeddedBrokerOptions;
  readonly #folder: BrokerFolder;
  readonly #ending = new AbortController();
  readonly #supervision: Promise<void>;
  #child: BrokerProcess;

  private constructor(options: EmbeddedBrokerOptions, started: Started) {
    this.#options = options;
    this.port = started.port;
    this.#folder = started.folder;
    this.#child = started.child;
    this.#supervision = this.#supervise();
  }

  /**
   * Starts a broker, and removes the folders of those that were killed.
   *
   * @throws {UnavailableError} if it does not start
   */
  static async start(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
    const { folder: state, preferredPort = DEFAULT_REDIS_OPTIONS.port } = options;
    await removeAbandoned(state);
    await using opening = new AsyncDisposableStack();
    const folder = opening.use(await BrokerFolder.create(state));
    let reason = "";
    for (let attempt = 1; attempt <= START_ATTEMPTS; attempt++) {
      const port = choosePort(preferredPort);
      const child = await startProcess(options, { folder, port });
      if (child instanceof BrokerProcess) {
        opening.move();
        return new EmbeddedBroker(options, { port, folder, child });
      }
      reason = child.reason;
    }
    throw startError(reason);
  }

  /** Process id, which changes with each start. */
  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#child[Symbol.asyncDispose]();
    await this.#supervision;
    this.#folder[Symbol.dispose]();
  }

  async #supervise(): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#ending;
    for (let failures = 0; !signal.aborted;) {
      const startedMs = performance.now();
      const reason = await this.#child.ended;
      if (signal.aborted) return;
      failures = performance.now() - startedMs > SETTLED_MS ? 1 : failures + 1;
      log.warning("The embedded broker has ended and is started again", { reason });
      await clock.sleep(backoffMs(failures, { capMs: MAX_DELAY_MS }), signal);
      if (signal.aborted) return;
      const child = await startProcess(this.#options, {
        folder: this.#folder,
        port: this.port,
        signal,
      });
      if (child instanceof BrokerProcess) this.#child = child;
      else if (!signal.aborted) log.error("Cannot start the embedded broker", child);
    }
  }
}

interface Started {
  readonly port: number;
  readonly folder: BrokerFolder;
  readonly child: BrokerProcess;
}

/** One process of the broker. */
class BrokerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #output: Promise<string>;
  /** Resolves to the reason when it has ended. */
  readonly ended: Promise<string>;

  constructor(program: string, { path, port }: { readonly path: string; readonly port: number }) {
    this.#child = new ChildProcess(
      assetPath("sandbox"),
      [`--listen=${port}`, `--read=${path}`, program, `${path}/valkey.conf`],
      { env: {}, cwd: path },
    );
    this.#output = this.#readOutput();
    this.ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It keeps nothing, so it needs no time to save.
    this.#child.kill("it was closed");
    await this.ended;
  }

  async #end(): Promise<string> {
    const [{ signal, stderr }, output] = await Promise.all([this.#child.end(), this.#output]);
    return stderr.trim().split("\n").at(-1) || output.trim().split("\n").at(-1) ||
      (signal === null ? "it has exited" : `it was ended by ${signal}`);
  }

  /** Returns the end of its log. */
  async #readOutput(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of this.#child.stdout) {
      text = (text + decoder.decode(bytes, { stream: true })).slice(-1000);
    }
    return text;
  }
}

/** Starts a process and waits until it answers; otherwise returns why it does not. */
async function startProcess(
  { program = assetPath("valkey"), password }: EmbeddedBrokerOptions,
  { folder, port, signal }: {
    readonly folder: BrokerFolder;
    readonly port: number;
    readonly signal?: AbortSignal;
  },
): Promise<BrokerProcess | { readonly reason: string }> {
  const { path } = folder;
  await Deno.writeTextFile(`${path}/valkey.conf`, brokerConfig({ port, password }), {
    mode: 0o600,
  });
  const child = new BrokerProcess(program, { path, port });
  let reason: string | undefined;
  child.ended.then((text) => reason = text);
  const untilMs = performance.now() + START_MS;
  while (reason === undefined && !signal?.aborted && performance.now() < untilMs) {
    // Another program at the port refuses the password.
    if (await probeRedis({ port, password }) === "ready") return child;
    await clock.sleep(PROBE_INTERVAL_MS, signal);
  }
  await child[Symbol.asyncDispose]();
  return { reason: reason ?? "it does not answer" };
}

function startError(reason: string): UnavailableError {
  return new UnavailableError(`Cannot start the embedded broker: ${reason}`, {
    hint: "start a redis-server on this machine, or set --redis_host",
  });
}

/** The working directory of a broker; a lock shows that its owner runs. */
class BrokerFolder implements Disposable {
  readonly path: string;
  readonly #lock: Deno.FsFile;

  private constructor(path: string, lock: Deno.FsFile) {
    this.path = path;
    this.#lock = lock;
  }

  static async create(state: string): Promise<BrokerFolder> {
    const path = await Deno.makeTempDir({ dir: state, prefix: FOLDER_PREFIX });
    const lock = await Deno.open(`${path}/lock`, { write: true, createNew: true, mode: 0o600 });
    await lock.lock(true);
    return new BrokerFolder(path, lock);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
    this.#lock.close();
  }
}

/** Removes the folders whose owners were killed. */
async function removeAbandoned(state: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(state)) {
    if (!isDirectory || !name.startsWith(FOLDER_PREFIX)) continue;
    const path = `${state}/${name}`;
    try {
      using lock = await Deno.open(`${path}/lock`, { write: true });
      if (await lock.tryLock(true)) await Deno.remove(path, { recursive: true });
    } catch {
      // Its owner creates or removes it at this moment.
    }
  }
}
