import { Redis, type RedisOptions } from "ioredis";
import { destroyClient, mendSocketHandling } from "../../src/transports/redis/client.ts";
import { waitFor } from "./wait.ts";
import { freePort } from "./free_port.ts";

export { freePort };

/** Options of a test's client. */
export type ClientOptions = Omit<RedisOptions, "replyMapping">;

export interface StartRedisOptions {
  /** TCP port. @default a free port */
  readonly port?: number;
  /** More arguments for redis-server, such as `["--requirepass", "secret"]`. */
  readonly args?: readonly string[];
  /** Program. @default the one set by `useServer`, otherwise "redis-server" */
  readonly program?: string;
  /** Content of a configuration file that the server may rewrite, as Sentinel requires. */
  readonly config?: string;
}

let defaultProgram = "redis-server";

/** Sets the program of later servers to one that supports the same protocol. */
export function useServer(program: string): void {
  defaultProgram = program;
}

/**
 * Starts a redis-server on 127.0.0.1 with a temporary folder, until it is disposed.
 *
 * @example
 * ```ts
 * await using server = await startRedis();
 * const client = server.client();
 * await client.ping();
 * await server.kill();
 * await server.restart(); // on the same port
 * ```
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  for (let attempt = 1;; attempt++) {
    const server = new RedisServer(options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      // Another test may have taken the free port meanwhile.
      if (options.port !== undefined || attempt === 5) throw error;
    }
  }
}

export class RedisServer implements AsyncDisposable {
  readonly hostname = "127.0.0.1";
  readonly port: number;
  /** Folder of the server, for its log, its dump and files of the test. */
  readonly folder = Deno.makeTempDirSync({ prefix: "redis_test_" });
  readonly #args: string[];
  readonly #program: string;
  readonly #config: readonly string[];
  readonly #clients: Redis[] = [];
  #process: Deno.ChildProcess | undefined;

  constructor(
    { port = freePort(), args = [], program = defaultProgram, config }: StartRedisOptions,
  ) {
    this.port = port;
    this.#args = [...args];
    this.#program = program;
    this.#config = config === undefined ? [] : [`${this.folder}/redis.conf`];
    for (const path of this.#config) Deno.writeTextFileSync(path, config ?? "");
  }

  /** Unix socket on which it also listens. */
  get socketPath(): string {
    return `${this.folder}/redis.sock`;
  }

  get url(): string {
    return `redis://${this.hostname}:${this.port}`;
  }

  get pid(): number {
    if (!this.#process) throw new Error("The redis-server of the test is not running");
    return this.#process.pid;
  }

  /** Starts it again on the same port, and waits until it responds. */
  async restart(args: readonly string[] = this.#args): Promise<void> {
    if (this.#process) await this.kill();
    // Ends with the test process, so that an aborted run leaves no server behind.
    const child = new Deno.Command("setpriv", {
      // deno-fmt-ignore
      args: [
        "--pdeathsig", "KILL", this.#program, ...this.#config, "--port", `${this.port}`, "--bind", this.hostname,
        "--unixsocket", this.socketPath, "--dir", this.folder, "--logfile", `${this.folder}/redis.log`, "--save", "",
        "--appendonly", "no", "--daemonize", "no", ...args,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#process = child;
    let ended = false;
    child.status.then(() => ended = true);
    await waitFor(`redis-server on port ${this.port}`, async () => {
      if (ended) throw new Error(`redis-server exited at once:\n${this.log()}`);
      return await responds(this.port);
    });
  }

  /** Kills it at once, like a power cut. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Stops it, like a service manager. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Sends SIGSTOP: connections stay open, but nothing responds. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  /** Sends SIGCONT, after `freeze`. */
  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Returns the log of the server. */
  log(): string {
    try {
      return Deno.readTextFileSync(`${this.folder}/redis.log`);
    } catch {
      return "";
    }
  }

  /** Returns a client that reconnects quickly and is closed with the server. */
  client(options: ClientOptions = {}): Redis {
    const client = new Redis({
      host: this.hostname,
      port: this.port,
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
      // While a server loads its data, the check leaves a timer behind.
      enableReadyCheck: false,
      ...options,
      lazyConnect: true,
    });
    mendSocketHandling(client);
    client.on("error", () => {}); // the tests kill servers: refused connections are expected
    if (!options.lazyConnect) client.connect().catch(() => {});
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) destroyClient(client);
    await this.kill();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  async #end(signal: Deno.Signal): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    try {
      child.kill(signal);
    } catch {
      // It has already exited.
    }
    await child.status;
  }
}

/** Whether a Redis server responds to PING, even if with an error. */
async function responds(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode("PING\r\n"));
    const reply = new Uint8Array(8);
    const read = await connection.read(reply);
    const text = new TextDecoder().decode(reply.subarray(0, read ?? 0));
    return text.startsWith("+PONG") || text.startsWith("-NO");
  } catch {
    return false;
  }
}
