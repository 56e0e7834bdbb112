import { parseRecordingCommand } from "../../control/commands.ts";
import type { RecordingCommand } from "../../control/recording.ts";
import { parseUntrusted } from "../../envelopes/untrusted.ts";
import { MAX_DEVICES } from "../../transports/redis/key_value_reader.ts";
import { isRecord } from "../../envelopes/received.ts";
import type { Hub } from "../hub.ts";
import type { CommandOutcome, RecordingControl } from "../recording_control.ts";
import { readJsonBody } from "../requests.ts";
import { errorResponse, jsonResponse } from "../responses.ts";
import type { Route } from "./route.ts";

/** Longest request: a command with the names of all devices. */
const MAX_REQUEST_BYTES = 65_536;

/** The outcomes of commands from best to worst, with the response if it is the worst one. */
const OUTCOMES: readonly {
  readonly outcome: CommandOutcome;
  readonly status: number;
  readonly error?: string;
}[] = [
  { outcome: "confirmed", status: 200 },
  { outcome: "silent", status: 409, error: "The device is silent: no command was sent" },
  { outcome: "unconfirmed", status: 504, error: "The device has not confirmed within 3 s" },
  { outcome: "unreachable", status: 503, error: "The command could not be sent" },
];

interface GroupCommand {
  readonly devices: readonly string[];
  readonly command: RecordingCommand;
}

/** `/v1/recording`: starts or stops the recording of one device or several. */
export function recordingRoutes(hub: Hub, recording: RecordingControl): readonly Route[] {
  const handle = async (request: Request) => {
    const body = await readJsonBody(request, MAX_REQUEST_BYTES);
    if (body instanceof Response) return body;
    const parsed = parseGroupCommand(new TextDecoder().decode(body));
    if (typeof parsed === "string") return errorResponse(400, parsed);
    const { devices, command } = parsed;
    if (!devices.every((device) => hub.has(device))) {
      return errorResponse(404, "The device is unknown");
    }
    const results = await Promise.all(devices.map(async (device) => ({
      device,
      recording: command.recording,
      outcome: await recording.command(device, command),
    })));
    const worst = OUTCOMES.findLast(({ outcome }) =>
      results.some((each) => each.outcome === outcome)
    );
    const { status = 200, error } = worst ?? {};
    return jsonResponse({ results, error }, status);
  };
  return ["/v1/recording", "/api/recording"].map((path) => ({ method: "POST", path, handle }));
}

/** Returns the command of a request, or what is wrong with it. */
function parseGroupCommand(text: string): GroupCommand | string {
  const value = parseUntrusted(text);
  if (!isRecord(value)) return "The request is not a JSON object";
  const { device, devices = [device], recording, session_id } = value;
  const isGroup = Array.isArray(devices) && devices.length > 0 && devices.length <= MAX_DEVICES &&
    devices.every((each) => typeof each === "string");
  if (!isGroup) return `The request must name a device, or up to ${MAX_DEVICES} devices`;
  const bytes = new TextEncoder().encode(JSON.stringify({ recording, session_id }));
  const parsed = parseRecordingCommand(bytes);
  if (parsed.state === "rejected") {
    return parsed.reason === "no_recording"
      ? 'The request must contain "recording": true or false'
      : "The name of the session is not allowed";
  }
  return { devices: [...new Set(devices as string[])], command: parsed.command };
}
