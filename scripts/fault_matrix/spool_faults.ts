import { canMountDisks, fillDisk } from "../../tests/support/folders.ts";
import { waitFor } from "../../tests/support/wait.ts";
import { type Fault, NEEDS_ROOT } from "./fault.ts";
import type { Rig } from "./rig.ts";

/** The smallest memory for metrics, and core metrics at twice the usual rate, fill it in 2 s. */
const SPOOLS_SOON = ["--outbox_memory_bytes=65536", "--buffer_duration=0.1"];

/** Faults of the spool, each during an outage of Redis. */
export const SPOOL_FAULTS: readonly Fault[] = [
  {
    name: "disk-full",
    cause: "The disk of the spool is full while Redis is killed and started again.",
    // Edge metrics fill the memory in 4 s, core metrics in 12 s; none has to be dropped before 24 s.
    rig: { smallDisk: true, flags: ["--outbox_memory_bytes=262144", "--buffer_duration=0.1"] },
    unavailable: () => canMountDisks() ? undefined : NEEDS_ROOT,
    begin: async (rig) => {
      await rig.broker.kill();
      fillDisk(ballastOf(rig));
      const isReported = () => rig.server.stderr.includes("Cannot write to the spool");
      await waitFor("the full disk to be reported", isReported, { timeoutMs: 30_000 });
    },
    end: async (rig) => {
      Deno.removeSync(ballastOf(rig));
      await rig.broker.restart();
    },
  },
  {
    name: "spool-damaged",
    cause: "A byte of a spooled segment is flipped: at most one core metric may be missing.",
    rig: { flags: SPOOLS_SOON },
    expectation: { missing: 1 },
    begin: async (rig) => {
      await rig.broker.kill();
      await waitFor("a spool", () => rig.segments.length > 0, { timeoutMs: 30_000 });
    },
    end: async (rig) => {
      const [segment = ""] = rig.segments;
      flipByte(segment);
      await rig.broker.restart();
    },
  },
  {
    name: "shared-spool-folder",
    cause: "A server with another prefix uses the same spool folder while Redis is killed and " +
      "started again.",
    rig: { flags: SPOOLS_SOON, neighbor: true },
    shortSeconds: 3,
    begin: ({ broker }) => broker.kill(),
    end: ({ broker }) => broker.restart(),
  },
];

function ballastOf({ folder }: Rig): string {
  return `${folder}/ballast`;
}

/** Inverts the lowest bit of the byte in the middle of a file. */
function flipByte(path: string): void {
  const content = Deno.readFileSync(path);
  const middle = Math.floor(content.length / 2);
  content[middle] = (content[middle] ?? 0) ^ 1;
  Deno.writeFileSync(path, content);
}
