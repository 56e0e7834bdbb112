import { isPattern } from "../base/glob.ts";
import type { RecordingCommand } from "../control/recording.ts";
import { METRIC_TOPICS } from "../envelopes/envelope.ts";
import type { Clock } from "../telemetry/clock.ts";
import { parseChannel } from "../transports/redis/channel.ts";
import { KeyValueReader } from "../transports/redis/key_value_reader.ts";
import type { RedisReader } from "../transports/redis/reader.ts";
import { subscribeToDevice } from "../transports/redis/subscribe_device.ts";
import { takeMessage } from "./device_messages.ts";
import type { FrameDemand } from "./frame_fanout.ts";
import { Hub } from "./hub.ts";
import { StillSampler } from "./still_sampler.ts";

/** Interval of updating the connection state on the page. Chosen. */
const CONNECTION_CHECK_MS = 500;

/** Time after which a device drops a command, so that one that returns does not start by itself. */
const COMMAND_LIFETIME_MS = 5000;

/** What a feed needs of the client of a Redis. */
export type FeedReader = Pick<
  RedisReader,
  | "ready"
  | "prefixOf"
  | "subscribe"
  | "subscribeBriefly"
  | "unsubscribe"
  | "subscribePattern"
  | "pushCommand"
  | "keys"
  | "get"
  | "newestEntry"
  | "readEntries"
>;

export interface DeviceFeedOptions {
  readonly reader: FeedReader;
  /** Key prefixes, or patterns such as `ward-*`. */
  readonly devices: readonly string[];
  /** False if the devices publish to no channel. */
  readonly usePubsub: boolean;
  readonly clock: Pick<Clock, "sleep">;
}

/** Shows the devices that publish to one Redis on the page, and passes on its commands. */
export class DeviceFeed implements Disposable {
  readonly hub: Hub;
  readonly #options: DeviceFeedOptions;
  readonly #keyValues: KeyValueReader;
  readonly #stills: StillSampler;
  /** Devices of which all frames are received. */
  readonly #live = new Set<string>();
  readonly #connectionCheck: ReturnType<typeof setInterval>;

  constructor(options: DeviceFeedOptions) {
    const { reader, devices, clock } = this.#options = options;
    this.hub = new Hub({
      named: devices.filter((device) => !isPattern(device)),
      onFrameDemand: (device, demand) => this.#watch(device, demand),
    });
    this.#stills = new StillSampler({
      open: (device) => ignoreFailure(reader.subscribeBriefly(this.#frameChannelOf(device))),
      close: (device) => ignoreFailure(reader.unsubscribe(this.#frameChannelOf(device))),
    });
    this.#keyValues = new KeyValueReader({
      source: reader,
      devices,
      onMessage: (channel, text) => this.take(channel, text),
      clock,
    });
    this.#connectionCheck = setInterval(
      () => this.hub.setConnected(reader.ready),
      CONNECTION_CHECK_MS,
    );
  }

  /** Takes a message that the reader has received. */
  take(channel: string, text: string): void {
    takeMessage(this.hub, channel, text);
    const { device, topic } = parseChannel(channel) ?? {};
    if (device !== undefined && topic === "frame") this.#stills.onFrame(device);
  }

  /** Reads the metrics of all devices until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { reader, devices, usePubsub } = this.#options;
    if (!usePubsub) return await this.#keyValues.run(signal);
    for (const device of devices) subscribeToDevice(reader, device, METRIC_TOPICS);
  }

  /** Sends a recording command to a device, which expires after 5 s; returns false if Redis is not available. */
  async sendCommand(device: string, { recording, sessionId }: RecordingCommand): Promise<boolean> {
    const command = {
      recording,
      ...sessionId === undefined ? {} : { session_id: sessionId },
      expires_at: (Date.now() + COMMAND_LIFETIME_MS) * 1000,
    };
    try {
      await this.#options.reader.pushCommand(device, command);
      return true;
    } catch {
      return false;
    }
  }

  /** Frames are most of the traffic, and a device sends them at full rate only on demand. */
  #watch(device: string, demand: FrameDemand): void {
    const { reader, usePubsub } = this.#options;
    if (!usePubsub) return this.#keyValues.watch(device, demand);
    const channel = this.#frameChannelOf(device);
    this.#stills.stop(device);
    if (this.#live.delete(device)) ignoreFailure(reader.unsubscribe(channel));
    if (demand === "stills") this.#stills.start(device);
    if (demand !== "live") return;
    this.#live.add(device);
    ignoreFailure(reader.subscribe(channel));
  }

  #frameChannelOf(device: string): string {
    return `${this.#options.reader.prefixOf(device)}:frame`;
  }

  [Symbol.dispose](): void {
    this.#stills[Symbol.dispose]();
    clearInterval(this.#connectionCheck);
  }
}

/** The reader subscribes again after a reconnection. */
function ignoreFailure(subscription: Promise<void>): void {
  subscription.catch(() => {});
}
