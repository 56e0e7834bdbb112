import type { Fault, Link } from "./fault_proxy.ts";
import { PYTHON } from "./program.ts";
import { freePort } from "./redis_server.ts";

/** Whether tests can create networks on this machine. */
export function canMakeNetworks(): boolean {
  try {
    Deno.statSync("/dev/net/tun");
    return Deno.uid() === 0;
  } catch {
    return false;
  }
}

/** A network with real TCP, packet loss and one bottleneck link to a server's Unix socket. */
export class NarrowNetwork implements Link {
  /** Number of networks that this process has created. */
  static #created = 0;
  readonly hostname: string;
  readonly port: number;
  readonly #namespace: string;
  readonly #bufferBytes: number;
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  private constructor(
    namespace: string,
    { hostname, port, child, bufferBytes }: {
      hostname: string;
      port: number;
      child: Deno.ChildProcess;
      bufferBytes: number;
    },
  ) {
    this.#namespace = namespace;
    this.hostname = hostname;
    this.port = port;
    this.#child = child;
    this.#bufferBytes = bufferBytes;
    this.#commands = child.stdin.getWriter();
  }

  /** @param options.bufferBytes size of the queue before the link: more packets are dropped. */
  static async create(
    socketPath: string,
    { bufferBytes = 64_000 } = {},
  ): Promise<NarrowNetwork> {
    // Networks of several processes exist at once, each with a name and addresses of its own.
    const number = NarrowNetwork.#created++;
    const namespace = `far${Deno.pid}_${number}`;
    const hostname = `10.213.${(Deno.pid * 7 + number) % 256}.2`;
    const port = freePort();
    await ip("netns", "add", namespace);
    const script = new URL("narrow_network.py", import.meta.url).pathname;
    const child = new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", PYTHON, script, namespace, socketPath, hostname, String(port)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const network = new NarrowNetwork(namespace, { hostname, port, child, bufferBytes });
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (value) return network;
    await network[Symbol.asyncDispose]();
    throw new Error("Cannot create a network");
  }

  set fault({ bytesPerSecond = 0, delayMs = 0, loss = 0 }: Fault) {
    const command = `${bytesPerSecond} ${delayMs} ${this.#bufferBytes} ${loss}\n`;
    this.#commands.write(new TextEncoder().encode(command));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commands.close().catch(() => {}); // the process may have exited
    await this.#child.status;
    await ip("netns", "delete", this.#namespace);
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
