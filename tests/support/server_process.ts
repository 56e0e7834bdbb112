import { freePort } from "./free_port.ts";
import { waitFor } from "./wait.ts";

export interface ServerProcessOptions {
  /** Name of the program in messages, and of its temporary folder. */
  readonly name: string;
  /** TCP port on 127.0.0.1. @default a free port */
  readonly port?: number;
}

/** A server program of a test, which can be killed, frozen and started again on the same port. */
export abstract class ServerProcess implements AsyncDisposable {
  readonly hostname = "127.0.0.1";
  readonly port: number;
  /** Folder of the server, for its log, its data and files of the test. */
  readonly folder: string;
  readonly #name: string;
  #process: Deno.ChildProcess | undefined;

  constructor({ name, port = freePort() }: ServerProcessOptions) {
    this.port = port;
    this.folder = Deno.makeTempDirSync({ prefix: `${name}_test_` });
    this.#name = name;
  }

  get pid(): number {
    if (!this.#process) throw new Error(`The ${this.#name} of the test is not running`);
    return this.#process.pid;
  }

  /** File to which the server writes its log. */
  get logPath(): string {
    return `${this.folder}/${this.#name}.log`;
  }

  /** Returns the log of the server. */
  log(): string {
    try {
      return Deno.readTextFileSync(this.logPath);
    } catch {
      return "";
    }
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  /** Starts the program, and waits until it responds; one that runs is killed before. */
  protected async start(
    command: readonly string[],
    responds: (port: number) => Promise<boolean>,
  ): Promise<void> {
    await this.kill();
    const child = new Deno.Command("setpriv", {
      // Ends with the test process, so that an aborted run leaves no server behind.
      args: ["--pdeathsig", "KILL", ...command],
      env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#process = child;
    let ended = false;
    child.status.then(() => ended = true);
    await waitFor(`${this.#name} on port ${this.port}`, async () => {
      if (ended) throw new Error(`${this.#name} exited at once:\n${this.log()}`);
      return await responds(this.port);
    });
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

/** Returns true if a server accepts connections on a port of 127.0.0.1. */
export async function acceptsConnections(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
