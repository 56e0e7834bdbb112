import type { Policy } from "../config/flag_table.ts";
import { bool, choice, float, int, text, topic, type ValuesOf } from "../config/flag.ts";
import type { PublishSettings } from "../delivery/flags.ts";
import { redisPolicy, type RedisSettings } from "../transports/redis/flags.ts";

/** The fleet that `simulate` publishes instead of a video. */
export const fleetFlags = topic("Fleet of simulate", ["simulate"], {
  devices: int(
    "devices",
    "Publish the envelopes of this number of devices to Redis, without images, instead of writing " +
      "a video.",
    { default: 0, range: [0, 100_000] },
  ),
  firstDevice: int(
    "first_device",
    "Number of the first device: the key prefixes are PREFIX-1, PREFIX-2 and so on.",
    { default: 1, range: [1, 1_000_000] },
  ),
  role: choice(
    "fleet_role",
    "Publish, observe what another process publishes, or both; on few cores, two processes measure " +
      "better.",
    { default: "both", choices: ["both", "publish", "observe"] },
  ),
  ownConnections: bool(
    "own_connections",
    "Open the connections of each device, as the server does, instead of a few shared ones.",
  ),
  sharedConnections: int(
    "shared_connections",
    "Number of connections that the devices share without --own_connections.",
    { default: 4, range: [1, 1000] },
  ),
  watchers: text(
    "watchers",
    "Number of clients that each watch one device, or their share of the devices, such as 1%.",
    {
      default: "0",
      placeholder: "COUNT",
      pattern: {
        regex: /^(?:\d{1,6}|(?:100|\d{1,2})(?:\.\d{1,3})?%)$/,
        description: "a number such as 20, or a share such as 1%",
      },
    },
  ),
  warmUpS: float(
    "warm_up",
    "Seconds from the first message whose latencies are not counted; losses are.",
    { default: 2, range: [0, 3600], placeholder: "S" },
  ),
  edgeFps: float("edge_fps", "Edge metrics of each device per second; 0: none.", {
    default: 0,
    range: [0, 120],
    placeholder: "FPS",
  }),
  frameBytes: int(
    "frame_bytes",
    "Size of the JPEG of a frame, which devices with a watcher publish, in bytes; 0: no frames.",
    { default: 0, range: [0, 10_000_000], placeholder: "BYTES" },
  ),
  frameFps: float("frame_fps", "Frames of a watched device per second.", {
    default: 10,
    range: [0.1, 120],
    placeholder: "FPS",
  }),
});

export type FleetSettings = ValuesOf<typeof fleetFlags>;

interface WithFleet {
  readonly fleet: FleetSettings;
  readonly redis: RedisSettings;
  readonly publish: PublishSettings;
}

/** Returns the number of watchers that `--watchers` asks for. */
export function watchersOf({ watchers, devices }: FleetSettings): number {
  const count = watchers.endsWith("%")
    ? Math.ceil(Number(watchers.slice(0, -1)) / 100 * devices)
    : Number(watchers);
  return Math.min(count, devices);
}

/** Refuses what the server would refuse, where a fleet connects to Redis. */
export const fleetPolicy: Policy<WithFleet> = (settings, command) => {
  const { devices, frameBytes } = settings.fleet;
  if (command !== "simulate" || devices === 0) return undefined;
  return redisPolicy(settings, frameBytes > 0 ? "dashboard" : "record");
};
