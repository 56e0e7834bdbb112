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
  readonly hostname = "10.213.0.2";
  readonly port: number;
  readonly #namespace: string;
  readonly #bufferBytes: number;
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  private constructor(
    namespace: string,
    { port, child, bufferBytes }: {
      port: number;
      child: Deno.ChildProcess;
      bufferBytes: number;
    },
  ) {
    this.#namespace = namespace;
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
    // Now and then a new network passes no packet, for a reason that is not known.
    for (let attempt = 1; attempt <= 3; attempt++) {
      const network = await NarrowNetwork.#open(socketPath, bufferBytes);
      if (await answers(network)) return network;
      await network[Symbol.asyncDispose]();
    }
    throw new Error("Cannot reach the server through a new network");
  }

  static async #open(socketPath: string, bufferBytes: number): Promise<NarrowNetwork> {
    const namespace = `far${Deno.pid}`;
    const port = freePort();
    await ip("netns", "add", namespace);
    const script = new URL("narrow_network.py", import.meta.url).pathname;
    const child = new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", PYTHON, script, namespace, socketPath, String(port)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const network = new NarrowNetwork(namespace, { port, child, bufferBytes });
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (value) return network;
    await network[Symbol.asyncDispose]();
    throw new Error("Cannot create a network");
  }

  set fault({ bytesPerSecond = 0, delayMs = 0 }: Fault) {
    const command = `${bytesPerSecond} ${delayMs} ${this.#bufferBytes}\n`;
    this.#commands.write(new TextEncoder().encode(command));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commands.close().catch(() => {}); // the process may have exited
    await this.#child.status;
    await ip("netns", "delete", this.#namespace);
  }
}

/** Whether the server at the end of a network answers within two seconds. */
async function answers({ hostname, port }: NarrowNetwork): Promise<boolean> {
  const signal = AbortSignal.timeout(2000);
  try {
    using connection = await Deno.connect({ hostname, port, signal });
    await connection.write(new TextEncoder().encode("PING\r\n"));
    const timer = setTimeout(() => connection.close(), 2000);
    const read = await connection.read(new Uint8Array(16));
    clearTimeout(timer);
    return read !== null;
  } catch {
    return false;
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
