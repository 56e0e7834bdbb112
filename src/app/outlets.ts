import { lslOutlet } from "../transports/lsl/outlet.ts";
import { mqttOutlet } from "../transports/mqtt/outlet.ts";
import { videoPushOutlet } from "../transports/video_push/outlet.ts";

/** Every outlet, which publishes beside the selected transport, in the order of help. */
export const OUTLETS = [mqttOutlet, lslOutlet, videoPushOutlet] as const;
