import type { Redis } from "ioredis";
import { FaultProxy, type Link } from "../../tests/support/fault_proxy.ts";
import { mountSmallDisk, temporaryFolder } from "../../tests/support/folders.ts";
import { NarrowNetwork } from "../../tests/support/narrow_network.ts";
import { type ProgramUnderTest, startProgram } from "../../tests/support/physiology_server.ts";
import { type RedisServer, startRedis } from "../../tests/support/redis_server.ts";
import { segmentsOf } from "../../tests/support/spool_records.ts";
import { waitFor } from "../../tests/support/wait.ts";
import { IndependentSubscriber } from "./subscriber.ts";

const SHIFTED_SERVER = new URL("shifted_server.ts", import.meta.url).pathname;

/** Password that faults set. The subscriber tries it beside none. */
export const PASSWORD = "lark-9";

export interface RigOptions {
  /** A network of its own with real TCP, instead of a proxy. Requires root. */
  readonly network?: boolean;
  /** Stores metrics in keys and streams instead of publishing them on channels. */
  readonly keyValue?: boolean;
  /** Places the spool on a file system of 1 MiB. Requires root. */
  readonly smallDisk?: boolean;
  /** Runs a second server with another prefix and the same spool folder. */
  readonly neighbor?: boolean;
  /** Makes the wall clock of the server settable. */
  readonly settableClock?: boolean;
  /** Further flags of the server. */
  readonly flags?: readonly string[];
}

/** Flags of the neighbor: it only has to publish core metrics, at little cost. */
const NEIGHBOR_FLAGS = [
  "--redis_key_prefix=ward2",
  "--noenable_edge_metrics",
  "--frame_publish=never",
  "--max_fps=5",
  "--capture_width_px=160",
  "--capture_height_px=120",
];

/** A running server with a simulated camera, its broker, the link between, and the subscriber. */
export class Rig implements AsyncDisposable {
  readonly broker: RedisServer;
  readonly link: Link;
  readonly server: ProgramUnderTest;
  readonly subscriber: IndependentSubscriber;
  /** Folder of the configuration file, the spool and the clock. */
  readonly folder: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<Rig, "broker" | "link" | "server" | "subscriber" | "folder">,
    stack: AsyncDisposableStack,
  ) {
    this.broker = parts.broker;
    this.link = parts.link;
    this.server = parts.server;
    this.subscriber = parts.subscriber;
    this.folder = parts.folder;
    this.#stack = stack;
  }

  /** Starts everything and waits until the subscriber has core metrics. */
  static async start(options: RigOptions = {}): Promise<Rig> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(temporaryFolder()).path;
    if (options.smallDisk) stack.use(mountSmallDisk(folder));
    const broker = stack.use(await startRedis());
    const link: Link = stack.use(
      options.network ? await NarrowNetwork.create(broker.socketPath) : new FaultProxy(broker),
    );
    const subscriber = stack.use(
      await IndependentSubscriber.start({
        port: broker.port,
        password: PASSWORD,
        keyValue: options.keyValue ?? false,
      }),
    );
    writeConfig(folder, { host: link.hostname, port: link.port });
    const server = stack.use(startServer(folder, options));
    if (options.neighbor) stack.use(startServer(folder, { flags: NEIGHBOR_FLAGS }));
    await waitFor("core metrics", async () => {
      if (!server.running) throw new Error(`The server has exited:\n${server.stderr}`);
      return (await subscriber.report()).received > 5;
    }, { timeoutMs: 60_000, pollMs: 50 });
    return new Rig({ broker, link, server, subscriber, folder }, stack.move());
  }

  /** The link, as a proxy. */
  get proxy(): FaultProxy {
    if (this.link instanceof FaultProxy) return this.link;
    throw new Error("The link of this rig is a network");
  }

  /** Sets keys of the server's Redis configuration file; they apply after a SIGHUP. */
  configure(values: Readonly<Record<string, unknown>>): void {
    const { hostname, port } = this.link;
    writeConfig(this.folder, { host: hostname, port, ...values });
  }

  /** Path of the server's Redis configuration file. */
  get configPath(): string {
    return configPathIn(this.folder);
  }

  /** Runs commands as an administrator of the broker. */
  async administer<Result>(work: (admin: Redis) => Promise<Result>): Promise<Result> {
    const admin = this.broker.client({ lazyConnect: true });
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      admin.disconnect();
    }
  }

  /** Sets the server's wall clock, relative to the true time, in seconds. */
  setClock(seconds: number): void {
    Deno.writeTextFileSync(clockPathIn(this.folder), String(seconds));
  }

  /** Ids of the server and all its child processes. */
  get processes(): readonly number[] {
    return [this.server.pid, ...this.server.descendants()];
  }

  /** Paths of the spooled segments with core metrics. */
  get segments(): readonly string[] {
    return segmentsOf(`${this.folder}/spool`, "core_metrics");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function startServer(folder: string, { flags = [], keyValue, settableClock }: RigOptions) {
  const args = [
    "serve",
    "--simulate",
    "--frame_publish=always",
    "--redis_allow_plaintext",
    // Without a limit of log lines, some of which the faults wait for.
    "--verbosity=1",
    `--redis_config_path=${configPathIn(folder)}`,
    `--spool_path=${folder}/spool`,
    ...keyValue ? ["--noredis_use_pubsub"] : [],
    ...flags,
  ];
  if (!settableClock) return startProgram(args);
  return startProgram(["run", "--quiet", "-A", SHIFTED_SERVER, ...args], {
    program: Deno.execPath(),
    env: { FAULT_MATRIX_CLOCK: clockPathIn(folder) },
  });
}

function writeConfig(folder: string, values: Readonly<Record<string, unknown>>): void {
  Deno.writeTextFileSync(configPathIn(folder), JSON.stringify(values));
}

function configPathIn(folder: string): string {
  return `${folder}/redis.json`;
}

function clockPathIn(folder: string): string {
  return `${folder}/clock`;
}
