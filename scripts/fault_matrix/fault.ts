import type { Rig, RigOptions } from "./rig.ts";

/** Limits that a row must keep, where they differ from the usual ones. */
export interface Expectation {
  /** Core metrics that may be missing. @default 0 */
  readonly missing?: number;
  /** Longest time from the end of the cause to live core metrics, in milliseconds. @default 1000 */
  readonly recoveryMs?: number;
  /** Greatest age of the newest core metric once the server has adapted, in milliseconds. */
  readonly settledMs?: number;
}

/** A fault: one row of the matrix. */
export interface Fault {
  /** Identifies the row, as for `--only`. */
  readonly name: string;
  /** What happens, as a sentence for the table. */
  readonly cause: string;
  /** What the fault needs beside the usual server and broker. */
  readonly rig?: RigOptions;
  /** How long the cause lasts each time, in seconds. @default 10 */
  readonly seconds?: number;
  /** The same in the short form. @default 1 */
  readonly shortSeconds?: number;
  /** How often the cause begins and ends. The longest recovery counts. @default 1 */
  readonly rounds?: number;
  /** Time for the server to adapt before `settledMs` is measured, in seconds. */
  readonly settleSeconds?: number;
  readonly expectation?: Expectation;
  /** Why the fault cannot be caused on this machine; undefined if it can. */
  unavailable?(): string | undefined;
  begin(rig: Rig): void | Promise<void>;
  end(rig: Rig): void | Promise<void>;
}

export const NEEDS_ROOT = "requires root";

/** Why a fault that only root can cause is not available. */
export function unlessRoot(): string | undefined {
  return Deno.uid() === 0 ? undefined : NEEDS_ROOT;
}
