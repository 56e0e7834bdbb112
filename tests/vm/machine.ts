import { waitFor } from "../support/wait.ts";
import { type ArchiveEntry, writeArchive } from "./archive.ts";
import { CommandChannel, type CommandResult, LinkEnded } from "./command_channel.ts";
import { EMULATORS } from "./emulator.ts";
import { type Kernel, moduleEntries } from "./kernel.ts";

export interface MachineOptions {
  readonly kernel: Kernel;
  /** Kernel modules that can be loaded in the machine. */
  readonly modules: readonly string[];
  readonly files: readonly ArchiveEntry[];
  /** Static busybox for the architecture of the kernel. @default the one of this machine */
  readonly busybox?: string;
  /** Model of the processor. @default the one of `EMULATORS` */
  readonly cpu?: string;
  /** Size of the memory in MiB. @default 1536 */
  readonly megabytes?: number;
  /** Script of the first process. @default one that starts the agent */
  readonly init?: string;
  /** Image of the first virtio disk; the machine writes to it. */
  readonly disk?: string;
}

export type { CommandResult };

/** Kernel modules for the port on which the agent receives commands. */
export const PORT_MODULES = ["virtio_pci", "virtio_console"] as const;

/** Path of the program that starts the agent in the machine. */
export const START_AGENT = "/usr/local/sbin/start_test_agent";
const AGENT = "/usr/local/sbin/test_agent";

/** The programs of the agent by their paths in the machine; they need `PORT_MODULES`. */
export const AGENT_PROGRAMS: Readonly<Record<string, string>> = {
  [START_AGENT]: `#!/bin/sh
until set -- /dev/vport*; [ -c "$1" ]; do sleep 0.1; done
exec sh ${AGENT} /run/test_agent <>"$1" >&0
`,
  [AGENT]: Deno.readTextFileSync(new URL("agent.sh", import.meta.url)),
};

/** Default script of the first process: sets up the machine and starts the agent. */
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

/**
 * Timeout in ms for an emulated processor on a busy host. Chosen: `install` took over 300 s on a host
 * with two cores and a load of ten.
 */
export const SLOW_MS = 900_000;

/** Address of the host in the machine's network. */
export const HOST_ADDRESS = "10.0.2.2";

/** An emulated machine with Debian's kernel and busybox; needs no privileges on the host. */
export class Machine implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #connection: Deno.UnixConn;
  readonly #channel: CommandChannel;
  readonly #folder: string;

  /** Boots a machine and waits until its agent answers. */
  static async boot(
    {
      kernel,
      modules,
      files,
      busybox = "/bin/busybox",
      cpu = EMULATORS[kernel.arch].cpu,
      megabytes = 1536,
      init = INIT,
      disk,
    }: MachineOptions,
  ) {
    const emulator = EMULATORS[kernel.arch];
    const folder = await Deno.makeTempDir({ prefix: "machine_" });
    await writeArchive(`${folder}/initramfs`, [
      { path: "/init", kind: "file", source: new TextEncoder().encode(init) },
      { path: "/bin/busybox", kind: "file", source: busybox },
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
        "--pdeathsig", "KILL", emulator.program, ...emulator.args, "-accel", "tcg",
        "-icount", "shift=0", "-cpu", cpu, "-m", `${megabytes}`,
        "-nodefaults", "-no-reboot", "-display", "none",
        "-kernel", kernel.image, "-initrd", `${folder}/initramfs`,
        "-append", `console=${emulator.console} quiet panic=-1 mitigations=off`,
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
      "the machine's command port",
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

  /** Runs one line of shell in the machine. Concurrent commands run in order. */
  async run(
    command: string,
    { timeoutMs = SLOW_MS }: { timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    try {
      return await this.#channel.run(command, timeoutMs);
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`${message}\nConsole of the machine:\n${this.console().slice(-3000)}`, {
        cause,
      });
    }
  }

  /** Like `run()`, but throws if the command fails. Returns its output. */
  async check(command: string, options?: { timeoutMs?: number }): Promise<string> {
    const { status, output } = await this.run(command, options);
    if (status !== 0) throw new Error(`${command} failed with status ${status}:\n${output}`);
    return output;
  }

  /** Runs a command that shuts the machine down, and waits for the end of the machine. */
  async shutDown(command: string): Promise<void> {
    try {
      await this.#channel.run(command, SLOW_MS);
    } catch (error) {
      if (!(error instanceof LinkEnded)) throw error; // the machine may be off before it has answered
    }
    await this.#process.status;
  }

  /** Returns the output of the machine's serial console. */
  console(): string {
    return Deno.readTextFileSync(`${this.#folder}/console`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    try {
      this.#process.kill("SIGKILL");
    } catch { /* the process has already ended */ }
    await this.#process.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}
