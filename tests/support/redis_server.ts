import { Redis, type RedisOptions } from "ioredis";
import { waitFor } from "./wait.ts";

/** What a test may ask of its client. */
export type ClientOptions = Omit<RedisOptions, "replyMapping">;

export interface StartRedisOptions {
  /** The TCP port. @default a free one */
  readonly port?: number;
  /** Further arguments for redis-server, such as `["--requirepass", "secret"]`. */
  readonly args?: readonly string[];
  /** The program. @default what `useServer` chose, else "redis-server" */
  readonly program?: string;
  /** A configuration file's text, which the server may rewrite; Sentinel wants one. */
  readonly config?: string;
}

let defaultProgram = "redis-server";

/** Has the servers of this test file be another program that speaks the same protocol. */
export function useServer(program: string): void {
  defaultProgram = program;
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * A real redis-server on 127.0.0.1 in a folder of its own, gone at the end of the block.
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
      // Another test may have taken the free port in between.
      if (options.port !== undefined || attempt === 5) throw error;
    }
  }
}

export class RedisServer implements AsyncDisposable {
  readonly hostname = "127.0.0.1";
  readonly port: number;
  /** The server's folder: its log, its dump, files for a test. */
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

  /** Where it listens besides its port. */
  get socketPath(): string {
    return `${this.folder}/redis.sock`;
  }

  get url(): string {
    return `redis://${this.hostname}:${this.port}`;
  }

  get pid(): number {
    if (!this.#process) throw new Error("The test's redis-server does not run");
    return this.#process.pid;
  }

  /** Starts it, after `kill` or `stop`, on the same port; waits until it answers. */
  async restart(args: readonly string[] = this.#args): Promise<void> {
    if (this.#process) await this.kill();
    // Without a shell and tied to the life of the test: an aborted run leaves no server behind.
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
      if (ended) throw new Error(`redis-server ended at once:\n${this.log()}`);
      return await answers(this.port);
    });
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it as a service manager would. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  /** SIGCONT, after `freeze`. */
  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** What the server logged so far. */
  log(): string {
    try {
      return Deno.readTextFileSync(`${this.folder}/redis.log`);
    } catch {
      return "";
    }
  }

  /** A client that reconnects quickly and is closed together with the server. */
  client(options: ClientOptions = {}): Redis {
    const client = new Redis({
      host: this.hostname,
      port: this.port,
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
      ...options,
    });
    client.on("error", () => {}); // the tests kill servers: a refused connection is no news
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
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
      // it has ended already
    }
    await child.status;
  }
}

/** True where something that speaks Redis's protocol answers PING, be it with an error. */
async function answers(port: number): Promise<boolean> {
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
