import type { StreamEvent } from "./events.ts";
import type { Topic } from "./envelopes.ts";

/** What arrives unless topics are named. Edge metrics and frames cost the device bandwidth. */
export const DEFAULT_TOPICS: readonly Topic[] = ["core_metrics", "status", "recording_state"];

/** A request to start or stop a recording. */
export interface RecordingCommand {
  readonly recording: boolean;
  /** Its name. @default one chosen by the server */
  readonly sessionId?: string;
  /** Required if the source reads several devices. */
  readonly device?: string;
  /** Time for the device to confirm. @default 6000 */
  readonly timeoutMs?: number;
}

/** Time for the device to confirm a recording; its status is published at least every 5 s. */
export const CONFIRMATION_MS = 6000;

/** Why a recording did not start or stop. */
export type RecordingOutcome = "unconfirmed" | "silent" | "unreachable" | "refused";

/** A recording did not start or stop. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
  readonly outcome: RecordingOutcome;

  constructor(outcome: RecordingOutcome, message: string, options?: ErrorOptions) {
    super(message, options);
    this.outcome = outcome;
  }
}

/** A connection to one or several devices. */
export interface Source {
  /**
   * Connects and passes events on, until the connection is lost.
   *
   * @param signal Ends the connection.
   * @returns when it has ended, with the reason
   */
  follow(take: (event: StreamEvent) => void, signal: AbortSignal): Promise<string>;

  /** @throws {RecordingError} unless the device has confirmed in time */
  record(command: RecordingCommand): Promise<void>;
}

/** Returns the device of a command. @throws {TypeError} if neither it nor the source names one */
export function deviceOf(command: RecordingCommand, devices: readonly string[]): string {
  const [only] = devices.length === 1 ? devices : [];
  const device = command.device ?? only;
  if (device === undefined || /[*?[]/.test(device)) {
    throw new TypeError("A recording needs the name of its device");
  }
  return device;
}
