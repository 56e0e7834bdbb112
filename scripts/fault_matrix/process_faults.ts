import { existsSync } from "node:fs";
import { waitFor } from "../../tests/support/wait.ts";
import { type Fault, NEEDS_ROOT, unlessRoot } from "./fault.ts";
import type { Rig } from "./rig.ts";

const CGROUPS = "/sys/fs/cgroup/memory";
/** Memory that is left to the server beyond what it uses, in bytes. */
const SPARE_BYTES = 24 * 2 ** 20;

/** Faults of the server's own processes and of their limits. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: "ffmpeg-killed",
    cause: "The ffmpeg that compresses frames is killed (SIGKILL), ten times.",
    rounds: 10,
    seconds: 1,
    shortSeconds: 0.1,
    begin: ({ server }) => signal(server.descendants(), "SIGKILL"),
    end: () => {},
  },
  {
    name: "ffmpeg-stopped",
    cause: "The ffmpeg that compresses frames is stopped (SIGSTOP) and continued.",
    begin: ({ server }) => signal(server.descendants(), "SIGSTOP"),
    end: ({ server }) => signal(server.descendants(), "SIGCONT"),
  },
  {
    name: "tree-frozen",
    cause: "The server and all its child processes are stopped (SIGSTOP) and continued.",
    begin: ({ processes }) => signal(processes, "SIGSTOP"),
    end: ({ processes }) => signal(processes, "SIGCONT"),
  },
  {
    name: "no-file-descriptors",
    cause: "The server can open no further file or socket while Redis is killed and started again.",
    unavailable: unlessRoot,
    begin: async (rig) => {
      await limitFiles(rig, 3);
      await rig.broker.kill();
    },
    end: async (rig) => {
      await rig.broker.restart();
      await limitFiles(rig, 1024);
    },
  },
  memoryPressure(),
  {
    name: "bad-reloads",
    cause: "SIGHUP with a broken, an invalid and an empty configuration file, ten times.",
    rounds: 10,
    seconds: 1,
    shortSeconds: 0.1,
    begin: async ({ configPath, server }) => {
      for (const text of ["{", '{"port": "none"}', ""]) {
        const refusals = refusalsIn(server.stderr);
        Deno.writeTextFileSync(configPath, text);
        server.kill("SIGHUP");
        await waitFor("the refusal", () => refusalsIn(server.stderr) > refusals);
      }
    },
    end: (rig) => {
      rig.configure({});
      rig.server.kill("SIGHUP");
    },
  },
];

function memoryPressure(): Fault {
  const own = `${CGROUPS}${ownCgroup()}`;
  const folder = `${own}/fault_matrix_${Deno.pid}`;
  return {
    name: "memory-pressure",
    cause: "The processes may use 24 MB more memory than they use, while Redis is killed and " +
      "started again.",
    unavailable: () => existsSync(`${own}/cgroup.procs`) ? unlessRoot() : NEEDS_ROOT,
    begin: async (rig) => {
      Deno.mkdirSync(folder);
      moveTo(folder, rig);
      // Only what is used from now on is charged to the group.
      Deno.writeTextFileSync(`${folder}/memory.limit_in_bytes`, String(SPARE_BYTES));
      await rig.broker.kill();
    },
    end: async (rig) => {
      await rig.broker.restart();
      moveTo(own, rig);
      Deno.removeSync(folder);
    },
  };
}

/** Moves the processes of the server to a control group. */
function moveTo(group: string, { server, processes }: Rig): void {
  if (!server.running) throw new Error(`The server has exited:\n${server.stderr}`);
  for (const id of processes) Deno.writeTextFileSync(`${group}/cgroup.procs`, String(id));
}

/** The memory control group of this process (version 1). */
function ownCgroup(): string {
  return /^\d+:memory:(.*)$/m.exec(Deno.readTextFileSync("/proc/self/cgroup"))?.[1] ?? "";
}

function signal(processes: readonly number[], name: Deno.Signal): void {
  for (const id of processes) Deno.kill(id, name);
}

/** Sets the soft limit of the server's open files; it keeps those that are open. */
async function limitFiles({ server }: Rig, files: number): Promise<void> {
  const args = [`--pid=${server.pid}`, `--nofile=${files}:`];
  const { success, stderr } = await new Deno.Command("prlimit", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

function refusalsIn(log: string): number {
  return log.split("Keeping the old configuration").length - 1;
}
