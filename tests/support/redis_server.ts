import { Redis, type RedisOptions } from "ioredis";
import { destroyClient, mendSocketHandling } from "../../src/transports/redis/client.ts";
import { ServerProcess } from "./server_process.ts";
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

export class RedisServer extends ServerProcess {
  readonly #args: readonly string[];
  readonly #program: string;
  readonly #config: readonly string[];
  readonly #clients: Redis[] = [];

  constructor({ port, args = [], program = defaultProgram, config }: StartRedisOptions) {
    super({ name: "redis-server", ...port === undefined ? {} : { port } });
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

  /** Starts it again on the same port, and waits until it responds. */
  async restart(args: readonly string[] = this.#args): Promise<void> {
    // deno-fmt-ignore
    await this.start([
      this.#program, ...this.#config, "--port", `${this.port}`, "--bind", this.hostname,
      "--unixsocket", this.socketPath, "--dir", this.folder, "--logfile", this.logPath, "--save", "",
      "--appendonly", "no", "--daemonize", "no", ...args,
    ], responds);
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

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) destroyClient(client);
    await super[Symbol.asyncDispose]();
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
