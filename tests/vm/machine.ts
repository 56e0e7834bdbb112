import { waitFor } from "../support/wait.ts";
import { type ArchiveEntry, writeArchive } from "./archive.ts";
import { type Kernel, moduleEntries } from "./kernel.ts";

export interface MachineOptions {
  readonly kernel: Kernel;
  /** Kernel modules that can be loaded inside. */
  readonly modules: readonly string[];
  readonly files: readonly ArchiveEntry[];
  /** @default 1536 */
  readonly megabytes?: number;
  /** What runs first, instead of a shell that takes commands. */
  readonly init?: string;
  /** An image for the first virtio disk; it is written to. */
  readonly disk?: string;
}

export interface CommandResult {
  readonly status: number;
  readonly output: string;
}

/** Everything that runs inside before the first command; the second serial line takes commands. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=1777 tmp /tmp
ip link set lo up
modprobe e1000
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1 2>&1
echo @ready
while read -r line; do
  sh -c "$line" </dev/null
  echo "@done $?"
done
`;

/** How the machine inside reaches this one. */
export const HOST_ADDRESS = "10.0.2.2";

/** Debian's kernel with a busybox, in an emulated machine that needs no rights of ours. */
export class Machine implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #connection: Deno.UnixConn;
  readonly #folder: string;
  readonly #decoder = new TextDecoder();
  #received = "";

  static async boot(
    { kernel, modules, files, megabytes = 1536, init = INIT, disk }: MachineOptions,
  ) {
    const folder = await Deno.makeTempDir({ prefix: "machine_" });
    await writeArchive(`${folder}/initramfs`, [
      { path: "/init", kind: "file", source: new TextEncoder().encode(init) },
      { path: "/bin/busybox", kind: "file", source: "/bin/busybox" },
      ...["/dev", "/proc", "/sys", "/tmp"].map((path) => ({ path, kind: "folder" as const })),
      ...moduleEntries(kernel, ["e1000", ...modules]),
      ...files,
    ]);
    const process = new Deno.Command("setpriv", {
      // deno-fmt-ignore
      args: [
        "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "Nehalem",
        "-smp", "2", "-m", `${megabytes}`, "-nodefaults", "-no-reboot", "-display", "none",
        "-kernel", kernel.image, "-initrd", `${folder}/initramfs`,
        "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
        "-serial", `file:${folder}/console`,
        "-chardev", `socket,id=commands,path=${folder}/commands,server=on,wait=off`,
        "-serial", "chardev:commands",
        "-netdev", "user,id=net", "-device", "e1000,netdev=net",
        ...disk ? ["-drive", `file=${disk},format=raw,if=virtio,cache=unsafe`] : [],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    const connection = await waitFor(
      "the machine's serial line",
      () => Deno.connect({ transport: "unix", path: `${folder}/commands` }).catch(() => undefined),
    );
    const machine = new Machine(process, connection, folder);
    await machine.#until(/@ready\r?\n/, disk ? 300_000 : 120_000);
    return machine;
  }

  private constructor(process: Deno.ChildProcess, connection: Deno.UnixConn, folder: string) {
    this.#process = process;
    this.#connection = connection;
    this.#folder = folder;
  }

  /** Runs one line of shell inside; commands wait for one another. */
  async run(
    command: string,
    { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    await this.#connection.write(new TextEncoder().encode(command + "\n"));
    const [text, status] = await this.#until(/^@done (\d+)\r?\n/m, timeoutMs, command);
    return { status: Number(status), output: text!.replaceAll("\r", "") };
  }

  /** Like `run`, and throws where the command fails. */
  async check(command: string, options?: { timeoutMs?: number }): Promise<string> {
    const { status, output } = await this.run(command, options);
    if (status !== 0) throw new Error(`${command} answered ${status}:\n${output}`);
    return output;
  }

  /** Asks the machine to shut down, and waits until it has. */
  async shutDown(command: string): Promise<void> {
    await this.#connection.write(new TextEncoder().encode(command + "\n"));
    await this.#process.status;
  }

  /** What the kernel said. */
  console(): string {
    return Deno.readTextFileSync(`${this.#folder}/console`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    try {
      this.#process.kill("SIGKILL");
    } catch { /* it has ended already */ }
    await this.#process.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Text before the pattern, and the pattern's groups. */
  async #until(pattern: RegExp, timeoutMs: number, what = "boot"): Promise<string[]> {
    const late = new Error(
      `Waited ${timeoutMs} ms in vain for the machine's answer to: ${what}\n${this.#received}`,
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late), timeoutMs);
    });
    try {
      while (true) {
        const found = pattern.exec(this.#received);
        if (found) {
          const before = this.#received.slice(0, found.index);
          this.#received = this.#received.slice(found.index + found[0].length);
          return [before, ...found.slice(1)];
        }
        const buffer = new Uint8Array(65536);
        const count = await Promise.race([this.#connection.read(buffer), timeout]);
        if (count === null) throw new Error(`The machine ended:\n${this.console().slice(-3000)}`);
        this.#received += this.#decoder.decode(buffer.subarray(0, count), { stream: true });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
