import { waitFor } from "../support/wait.ts";
import { type ArchiveEntry, writeArchive } from "./archive.ts";
import { CommandChannel, type CommandResult, LinkEnded } from "./command_channel.ts";
import { type Kernel, moduleEntries } from "./kernel.ts";

export interface MachineOptions {
  readonly kernel: Kernel;
  /** Kernel modules that can be loaded inside. */
  readonly modules: readonly string[];
  readonly files: readonly ArchiveEntry[];
  /** @default 1536 */
  readonly megabytes?: number;
  /** What runs first, instead of the agent that takes commands. */
  readonly init?: string;
  /** An image for the first virtio disk; it is written to. */
  readonly disk?: string;
}

export type { CommandResult };

/** The module for the port that commands arrive at. */
export const PORT_MODULES = ["virtio_pci", "virtio_console"] as const;

export const START_AGENT = "/usr/local/sbin/start_test_agent";
const AGENT = "/usr/local/sbin/test_agent";

/** The programs that run commands inside, by their paths; `START_AGENT` needs `PORT_MODULES`. */
export const AGENT_PROGRAMS: Readonly<Record<string, string>> = {
  [START_AGENT]: `#!/bin/sh
until set -- /dev/vport*; [ -c "$1" ]; do sleep 0.1; done
exec sh ${AGENT} /run/test_agent <>"$1" >&0
`,
  [AGENT]: Deno.readTextFileSync(new URL("agent.sh", import.meta.url)),
};

/** Everything that runs inside before the first command. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=1777 tmp /tmp
ip link set lo up
for module in e1000 ${PORT_MODULES.join(" ")}; do modprobe $module; done
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
exec ${START_AGENT}
`;

/** How long an emulated processor on a busy host may take for what a test waits for, in ms. */
export const SLOW_MS = 300_000;

/** How the machine inside reaches this one. */
export const HOST_ADDRESS = "10.0.2.2";

/** Debian's kernel with a busybox, in an emulated machine that needs no rights of ours. */
export class Machine implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #connection: Deno.UnixConn;
  readonly #channel: CommandChannel;
  readonly #folder: string;

  static async boot(
    { kernel, modules, files, megabytes = 1536, init = INIT, disk }: MachineOptions,
  ) {
    const folder = await Deno.makeTempDir({ prefix: "machine_" });
    await writeArchive(`${folder}/initramfs`, [
      { path: "/init", kind: "file", source: new TextEncoder().encode(init) },
      { path: "/bin/busybox", kind: "file", source: "/bin/busybox" },
      ...["/dev", "/proc", "/run", "/sys", "/tmp"].map((path) => ({
        path,
        kind: "folder" as const,
      })),
      ...Object.entries(AGENT_PROGRAMS).map(([path, text]) => ({
        path,
        kind: "file" as const,
        source: new TextEncoder().encode(text),
      })),
      ...moduleEntries(kernel, ["e1000", ...PORT_MODULES, ...modules]),
      ...files,
    ]);
    // The clock counts instructions, so that a busy host slows the machine and its clock alike.
    const process = new Deno.Command("setpriv", {
      // deno-fmt-ignore
      args: [
        "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-icount", "shift=0",
        "-cpu", "Nehalem", "-m", `${megabytes}`, "-nodefaults", "-no-reboot", "-display", "none",
        "-kernel", kernel.image, "-initrd", `${folder}/initramfs`,
        "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
        "-serial", `file:${folder}/console`,
        "-chardev", `socket,id=commands,path=${folder}/commands,server=on,wait=off`,
        "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=commands,name=commands",
        "-netdev", "user,id=net", "-device", "e1000,netdev=net",
        ...disk ? ["-drive", `file=${disk},format=raw,if=virtio,cache=unsafe`] : [],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    const connection = await waitFor(
      "the machine's port for commands",
      () => Deno.connect({ transport: "unix", path: `${folder}/commands` }).catch(() => undefined),
    );
    const machine = new Machine(process, connection, folder);
    try {
      await machine.check("true", { timeoutMs: SLOW_MS });
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
    return machine;
  }

  private constructor(process: Deno.ChildProcess, connection: Deno.UnixConn, folder: string) {
    this.#process = process;
    this.#connection = connection;
    this.#channel = new CommandChannel(connection);
    this.#folder = folder;
  }

  /** Runs one line of shell inside; commands wait for one another. */
  async run(
    command: string,
    { timeoutMs = SLOW_MS }: { timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    try {
      return await this.#channel.run(command, timeoutMs);
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`${message}\nThe console:\n${this.console().slice(-3000)}`, { cause });
    }
  }

  /** Like `run`, and throws where the command fails. */
  async check(command: string, options?: { timeoutMs?: number }): Promise<string> {
    const { status, output } = await this.run(command, options);
    if (status !== 0) throw new Error(`${command} answered ${status}:\n${output}`);
    return output;
  }

  /** Asks the machine to shut down, and waits until it has. */
  async shutDown(command: string): Promise<void> {
    try {
      await this.#channel.run(command, SLOW_MS);
    } catch (error) {
      if (!(error instanceof LinkEnded)) throw error; // it may be off before it has answered
    }
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
}
