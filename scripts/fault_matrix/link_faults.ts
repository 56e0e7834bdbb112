import type { FaultProxy } from "../../tests/support/fault_proxy.ts";
import { canMakeNetworks } from "../../tests/support/narrow_network.ts";
import { type Fault, NEEDS_ROOT } from "./fault.ts";
import type { Rig } from "./rig.ts";

/** Propagation delay of the slow and lossy links in each direction, in milliseconds. */
const DELAY_MS = 10;

/** A rig over real TCP. */
const OVER_NETWORK = {
  rig: { network: true },
  unavailable: () => canMakeNetworks() ? undefined : NEEDS_ROOT,
} as const;

/** Faults of the link between the server and the broker. */
export const LINK_FAULTS: readonly Fault[] = [
  {
    name: "connections-reset",
    cause: "Every connection to Redis is reset (RST), ten times.",
    rounds: 10,
    seconds: 1,
    shortSeconds: 0.1,
    begin: ({ proxy }) => resetConnections(proxy),
    end: () => {},
  },
  {
    name: "half-open",
    cause: "No data arrives in either direction, and old connections never hear of it.",
    shortSeconds: 2.5,
    begin: ({ proxy }) => {
      proxy.fault = { discard: true };
    },
    end: ({ proxy }) => {
      proxy.halfOpen();
      proxy.fault = {};
    },
  },
  slowLink("20 kB/s", { bytesPerSecond: 20_000 }),
  slowLink("30 kB/s", { bytesPerSecond: 30_000, settledMs: 500, seconds: 300 }),
  slowLink("100 kB/s", { bytesPerSecond: 100_000, settledMs: 500 }),
  slowLink("1 MB/s", { bytesPerSecond: 1_000_000, settledMs: 500 }),
  {
    ...OVER_NETWORK,
    name: "lossy",
    cause: "5 % of the packets in each direction are lost.",
    seconds: 30,
    begin: ({ link }) => {
      link.fault = { loss: 0.05, delayMs: DELAY_MS };
    },
    end: restore,
  },
  {
    ...OVER_NETWORK,
    name: "silent",
    cause: "Every packet in each direction is lost.",
    shortSeconds: 2.5,
    begin: ({ link }) => {
      link.fault = { loss: 1 };
    },
    end: restore,
  },
];

function slowLink(
  rate: string,
  { bytesPerSecond, settledMs, seconds = 40 }: {
    readonly bytesPerSecond: number;
    readonly settledMs?: number;
    readonly seconds?: number;
  },
): Fault {
  return {
    ...OVER_NETWORK,
    name: `slow-${rate.replace(" ", "").replace("/s", "")}`,
    cause: `The link carries ${rate}, with every frame offered.`,
    seconds,
    settleSeconds: 20,
    ...settledMs === undefined ? {} : { expectation: { settledMs } },
    begin: ({ link }) => {
      link.fault = { bytesPerSecond, delayMs: DELAY_MS };
    },
    end: restore,
  };
}

function restore({ link }: Rig): void {
  link.fault = {};
}

/** Resets the connections by the kernel; if it cannot, closes them. */
async function resetConnections(proxy: FaultProxy): Promise<void> {
  const filter = ["state", "established", "sport", "=", `:${proxy.port}`];
  const { success } = await new Deno.Command("ss", { args: ["-K", "-t", ...filter] }).output()
    .catch(() => ({ success: false }));
  if (!success) proxy.cut();
}
