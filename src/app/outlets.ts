import { mqttOutlet } from "../transports/mqtt/outlet.ts";

/** Every outlet, which publishes beside the selected transport, in the order of help. */
export const OUTLETS = [mqttOutlet] as const;
