import type { RecordingCommand } from "../control/recording.ts";
import { isRecord } from "../envelopes/received.ts";
import type { Hub } from "./hub.ts";

/** Time for a device to confirm a command, in milliseconds. */
const CONFIRMATION_MS = 3000;

/**
 * What became of a command: `silent` if the device had sent nothing for 5 s, so that no command was
 * sent; `unreachable` if it could not be sent.
 */
export type CommandOutcome = "confirmed" | "unconfirmed" | "silent" | "unreachable";

export interface RecordingControlOptions {
  readonly hub: Hub;
  /** Sends a command to a device; returns false if that is not possible. */
  readonly send: (device: string, command: RecordingCommand) => Promise<boolean> | boolean;
}

/** Sends recording commands to devices, and waits until they publish a state that agrees. */
export class RecordingControl {
  readonly #options: RecordingControlOptions;

  constructor(options: RecordingControlOptions) {
    this.#options = options;
  }

  /** Sends a command to a device of the hub, and waits up to 3 s for its confirmation. */
  async command(device: string, command: RecordingCommand): Promise<CommandOutcome> {
    const { hub, send } = this.#options;
    if (hub.isSilent(device)) return "silent";
    const agrees = () => stateAgrees(hub, device, command);
    const confirmed = Promise.withResolvers<CommandOutcome>();
    const confirm = () => agrees() && confirmed.resolve("confirmed");
    const leave = hub.subscribe({
      takeMessage: (message) => message.device === device && confirm(),
    });
    const timer = setTimeout(() => confirmed.resolve("unconfirmed"), CONFIRMATION_MS);
    try {
      if (!await send(device, command)) return "unreachable";
      // A device publishes no state if the command changes nothing.
      confirm();
      return await confirmed.promise;
    } finally {
      clearTimeout(timer);
      leave();
    }
  }
}

interface KnownRecording {
  readonly recording: boolean;
  readonly sessionId: unknown;
}

/** Returns the newest recording state of a device, which each status repeats. */
export function recordingOf(hub: Hub, device: string): KnownRecording | undefined {
  const known = [hub.latest(device, "recording_state"), hub.latest(device, "status")]
    .filter((each) => each !== undefined && typeof each.payload["recording"] === "boolean")
    .sort((a, b) => a!.ageS - b!.ageS)[0];
  const payload = known?.payload;
  if (!isRecord(payload)) return undefined;
  return { recording: payload["recording"] === true, sessionId: payload["session_id"] };
}

function stateAgrees(hub: Hub, device: string, { recording, sessionId }: RecordingCommand) {
  const known = recordingOf(hub, device);
  if (known?.recording !== recording) return false;
  return !recording || sessionId === undefined || sessionId === known.sessionId;
}
