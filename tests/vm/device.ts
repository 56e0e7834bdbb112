import type { ArchiveEntry } from "./archive.ts";
import { type Kernel, moduleEntries } from "./kernel.ts";
import { AGENT_PROGRAMS, Machine, PORT_MODULES, START_AGENT } from "./machine.ts";

/** The unit of the program, installed by its command or by its package. */
export const SERVICE = "physiology_server.service";

/** Command that prints the state and the log of the service, and of its instances. */
export const SERVICE_LOG = "systemctl status --no-pager 'physiology_server*'; " +
  "journalctl --no-pager -n 40 -u 'physiology_server*'";

/** Paths that the system itself changes. */
export const SYSTEM_PATHS = [
  /^\/var\/(log|lib\/systemd)\//,
  /^\/etc\/(machine-id|resolv\.conf|mtab|\.updated|ld\.so\.cache)$|^\/var\/\.updated$/,
  /^\/(media|tmp|run)\//,
];

/** Kernel modules for the agent's port and the disk. */
const MODULES = [...PORT_MODULES, "virtio_blk", "crc32c_generic", "ext4"];

/** Loads the modules and starts the system on the disk. */
const INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /root
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in ${MODULES.join(" ")}; do modprobe $module; done
for i in $(seq 100); do [ -b /dev/vda ] && break; sleep 0.1; done
mount -t ext4 /dev/vda /root || exec sh
for folder in proc sys dev; do mount --move /$folder /root/$folder; done
exec switch_root /root /lib/systemd/systemd
`;

const FILES: Readonly<Record<string, string>> = {
  // The agent is the only program in the system that belongs to the test.
  ...AGENT_PROGRAMS,
  "/etc/systemd/system/test_agent.service":
    "[Unit]\nDefaultDependencies=no\nAfter=multi-user.target\n" +
    `[Service]\nExecStart=${START_AGENT}\nRestart=always\n`,
  "/etc/systemd/network/wired.network":
    "[Match]\nName=e*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n",
  "/etc/modules-load.d/camera.conf": "e1000\nvivid\n",
  "/etc/modprobe.d/camera.conf": "options vivid n_devs=1 node_types=0x1\n",
  "/etc/hostname": "device\n",
  "/etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
};

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

export interface DeviceOptions {
  readonly kernel: Kernel;
  /** Folder of a minimal Debian, created by debootstrap. */
  readonly system: string;
  /** Folder in which the image is created. */
  readonly folder: string;
  /** Files that a user copies to the device: source files by their paths on the device. */
  readonly userFiles: Readonly<Record<string, string>>;
}

/** Creates the disk image of a device on which the program is not installed. Needs root. */
export async function makeDisk(
  { kernel, system, folder, userFiles }: DeviceOptions,
): Promise<string> {
  const staging = `${folder}/system`;
  await run("cp", "-a", system, staging);
  const put = (path: string, content: string | Uint8Array, mode: number) => {
    Deno.mkdirSync(staging + path.replace(/\/[^/]*$/, ""), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(staging + path, content);
    else Deno.writeFileSync(staging + path, content);
    Deno.chmodSync(staging + path, mode);
  };
  for (const [path, text] of Object.entries(FILES)) {
    put(path, text, path.includes("/sbin/") ? 0o755 : 0o644);
  }
  for (const entry of moduleEntries(kernel, ["vivid", "e1000"])) {
    if (entry.kind !== "file") continue;
    const content = typeof entry.source === "string"
      ? Deno.readFileSync(entry.source)
      : entry.source;
    put(entry.path, content, 0o644);
  }
  for (const list of ["modules.builtin", "modules.builtin.modinfo", "modules.order"]) {
    const path = `/lib/modules/${kernel.version}/${list}`;
    put(path, Deno.readFileSync(kernel.folder + path), 0o644);
  }
  await run("chroot", staging, "/sbin/depmod", kernel.version);
  for (const [path, source] of Object.entries(userFiles)) {
    put(path, Deno.readFileSync(source), 0o755);
  }
  const wants = `${staging}/etc/systemd/system/multi-user.target.wants`;
  Deno.mkdirSync(wants, { recursive: true });
  Deno.symlinkSync("/etc/systemd/system/test_agent.service", `${wants}/test_agent.service`);
  await run("chroot", staging, "systemctl", "enable", "systemd-networkd.service");
  // At midnight by the device's clock, timers of Debian make backups and rotate logs: files that the
  // program did not create.
  await run("chroot", staging, "systemctl", "mask", "timers.target");
  const disk = `${folder}/disk`;
  await run("truncate", "-s", "3G", disk);
  await run("mkfs.ext4", "-q", "-F", "-d", staging, disk);
  await Deno.remove(staging, { recursive: true });
  return disk;
}

/** Boots the device from its disk image. */
export function bootDevice(kernel: Kernel, disk: string): Promise<Machine> {
  const files: ArchiveEntry[] = [
    ...moduleEntries(kernel, MODULES),
    { path: "/root", kind: "folder" },
  ];
  return Machine.boot({ kernel, modules: [], files, megabytes: 2048, init: INIT, disk });
}
