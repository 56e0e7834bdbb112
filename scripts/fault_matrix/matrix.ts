import { waitFor } from "../../tests/support/wait.ts";
import { BROKER_FAULTS } from "./broker_faults.ts";
import { CLOCK_FAULTS } from "./clock_faults.ts";
import type { Fault } from "./fault.ts";
import { LINK_FAULTS } from "./link_faults.ts";
import { PROCESS_FAULTS } from "./process_faults.ts";
import { Rig } from "./rig.ts";
import { SPOOL_FAULTS } from "./spool_faults.ts";
import type { SubscriberReport } from "./subscriber.ts";
import { SUBSCRIBER_FAULTS } from "./subscriber_faults.ts";

/** All faults. */
export const FAULTS: readonly Fault[] = [
  ...BROKER_FAULTS,
  ...LINK_FAULTS,
  ...SUBSCRIBER_FAULTS,
  ...PROCESS_FAULTS,
  ...SPOOL_FAULTS,
  ...CLOCK_FAULTS,
];

/** What a fault led to; `skipped` has the reason if it could not be caused here. */
export type Row =
  | { readonly fault: Fault; readonly skipped: string }
  | {
    readonly fault: Fault;
    readonly skipped?: never;
    readonly report: SubscriberReport;
    /** Goals that were missed; empty if the row is as expected. */
    readonly failures: readonly string[];
    /** Log of the server. */
    readonly log: string;
  };

export interface RunOptions {
  /** Shortens each fault. */
  readonly short?: boolean;
}

/** Usual limit of the recovery, in milliseconds. */
const RECOVERY_MS = 1000;
/** How long the end of a fault may take to be recovered from at most, in milliseconds. */
const PATIENCE_MS = 60_000;
/** How long deviations are looked for after the recovery, in milliseconds; short and long form. */
const OBSERVATION_MS = [400, 1000] as const;

/** Runs one fault with a server, a broker and a subscriber of its own. */
export async function runFault(fault: Fault, { short = false }: RunOptions = {}): Promise<Row> {
  const skipped = fault.unavailable?.();
  if (skipped !== undefined) return { fault, skipped };
  await using rig = await Rig.start(fault.rig);
  const { subscriber } = rig;
  const { rounds = 1, seconds = 10, shortSeconds = 1 } = fault;
  const { missing = 0 } = fault.expectation ?? {};
  const holdMs = (short ? shortSeconds : seconds) * 1000;
  let recoveryMs: number | null = 0;
  await subscriber.begin();
  for (let round = 0; round < rounds && recoveryMs !== null; round++) {
    await fault.begin(rig);
    await hold(rig, fault, holdMs);
    await fault.end(rig);
    await subscriber.end({ clockIsWrong: fault.rig?.settableClock ?? false });
    const recovered = await recoveryOf(rig);
    recoveryMs = recovered === null ? null : Math.max(recoveryMs, recovered);
  }
  await sleep(OBSERVATION_MS[short ? 0 : 1]);
  await waitFor("every core metric", async () => (await subscriber.report()).missing <= missing, {
    timeoutMs: PATIENCE_MS,
    pollMs: 200,
  }).catch(() => {}); // the row shows what is missing
  const report = { ...await subscriber.report(), recoveryMs };
  return { fault, report, failures: failuresOf(fault, report), log: rig.server.stderr };
}

/** Lets the cause last, and has the age measured anew once the server has adapted. */
async function hold({ subscriber }: Rig, { settleSeconds = 0 }: Fault, ms: number): Promise<void> {
  const settleMs = Math.min(settleSeconds * 1000, ms);
  await sleep(settleMs);
  await subscriber.settle();
  await sleep(ms - settleMs);
}

async function recoveryOf({ subscriber }: Rig): Promise<number | null> {
  const report = () => subscriber.report();
  return await waitFor("the recovery", async () => (await report()).recoveryMs, {
    timeoutMs: PATIENCE_MS,
  }).catch(() => null);
}

function failuresOf({ expectation = {}, settleSeconds }: Fault, report: SubscriberReport) {
  const { missing = 0, recoveryMs = RECOVERY_MS, settledMs = Infinity } = expectation;
  const failures = [
    [report.missing > missing, `${report.missing} core metrics are missing`],
    [report.doubledUnmarked > 0, `${report.doubledUnmarked} are doubled without a mark`],
    [report.outOfOrder > 0, `${report.outOfOrder} are out of order`],
    [report.foreign > 0, `${report.foreign} are in a foreign channel`],
    [(report.recoveryMs ?? Infinity) > recoveryMs, `recovery takes ${report.recoveryMs} ms`],
    [settleSeconds !== undefined && report.settledMs > settledMs, `${report.settledMs} ms old`],
  ] as const;
  return failures.filter(([failed]) => failed).map(([, text]) => text);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
