import { untilAborted } from "../base/abort.ts";
import { monotonicUs } from "../base/time.ts";
import { type Topic, TOPICS } from "../envelopes/envelope.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { RedisOptions } from "../transports/redis/options.ts";
import { FleetDevice } from "./device.ts";
import { type FleetSettings, watchersOf } from "./flags.ts";
import { Latencies } from "./latencies.ts";
import { Ledger, type PublishedCount } from "./ledger.ts";
import { Observer } from "./observer.ts";
import { OutageRecorder } from "./outages.ts";
import { ownPublishers, type Publishers, sharedPublishers } from "./publishers.ts";
import type { FleetReport } from "./report.ts";
import { Schedule } from "./schedule.ts";

export interface FleetOptions {
  readonly fleet: FleetSettings;
  readonly redis: RedisOptions;
  /** Interval of core metrics, in seconds. */
  readonly bufferDurationS: number;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** Duration of the publication in seconds, from when everything is connected. */
  readonly durationS: number;
  readonly log: Log;
}

/** Interval at which due messages are looked for, in milliseconds. */
const TICK_MS = 2;
/** Messages after which the sockets get a turn, so that replies are read while many are due. */
const MAX_PER_TICK = 100;
/** Interval at which the connections are sampled, in milliseconds. */
const SAMPLE_MS = 100;
/** Devices that start in each sample, so that their connections do not all begin at once. */
const STARTS_PER_SAMPLE = 10;
/** Time for messages in queues to be sent at the end, in milliseconds. */
const FLUSH_MS = 10_000;
/** Time without an arrival after which no further one is expected, in milliseconds. */
const QUIET_MS = 1000;

/** Publishes and observes a fleet, until its duration has passed or the signal aborts. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  await using run = new FleetRun(options);
  return await run.run();
}

class FleetRun implements AsyncDisposable {
  readonly #options: FleetOptions;
  readonly #clock = new SystemClock();
  readonly #counters = new Counters();
  readonly #prefixes: readonly string[];
  readonly #publishers: Publishers | undefined;
  readonly #devices: readonly FleetDevice[];
  readonly #observed: Ledger;
  readonly #watched: Ledger;
  readonly #readers: Observer[] = [];
  readonly #lag = new Latencies();
  readonly #outages: OutageRecorder;

  constructor(options: FleetOptions) {
    this.#options = options;
    const { fleet: { devices, firstDevice, role, warmUpS }, redis: { keyPrefix } } = options;
    this.#observed = new Ledger({ warmUpMs: warmUpS * 1000 });
    this.#watched = new Ledger({ warmUpMs: warmUpS * 1000 });
    this.#prefixes = Array.from({ length: devices }, (_, at) => `${keyPrefix}-${firstDevice + at}`);
    this.#publishers = role === "observe" ? undefined : this.#openPublishers();
    this.#devices = this.#publishers ? this.#createDevices(this.#publishers) : [];
    this.#outages = new OutageRecorder(this.#publishers?.total ?? 0);
    if (role !== "publish") this.#createReaders();
  }

  async run(): Promise<FleetReport> {
    const { signal, durationS, log } = this.#options;
    await Promise.race([this.#start(), untilAborted(signal)]);
    log.info("The fleet is connected", { devices: this.#prefixes.length });
    const startUs = this.#clock.monotonicUs();
    const sampling = setInterval(() => this.#sample(startUs), SAMPLE_MS);
    try {
      await this.#publish(AbortSignal.any([signal, AbortSignal.timeout(durationS * 1000)]));
      const seconds = (this.#clock.monotonicUs() - startUs) / 1e6;
      await Promise.all(this.#devices.map((device) => device.flush(FLUSH_MS)));
      await this.#awaitArrivals();
      return this.#report(seconds);
    } finally {
      clearInterval(sampling);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader[Symbol.asyncDispose]()));
    // First, or the devices would take the end of the connections for an outage.
    await Promise.all(this.#devices.map((device) => device[Symbol.asyncDispose]()));
    await this.#publishers?.[Symbol.asyncDispose]();
  }

  #openPublishers(): Publishers {
    const { fleet, redis, log } = this.#options;
    return fleet.ownConnections
      ? ownPublishers(redis, { devices: fleet.devices, clock: this.#clock, log })
      : sharedPublishers(redis, { count: fleet.sharedConnections, log });
  }

  #createDevices(publishers: Publishers): FleetDevice[] {
    const { fleet: { frameBytes }, log } = this.#options;
    const jpeg = frameBytes > 0 ? jpegOf(frameBytes) : undefined;
    const startUs = this.#clock.monotonicUs();
    return this.#prefixes.map((prefix, index) => {
      const backend = publishers.backendFor({ index, prefix });
      const context = { clock: this.#clock, counters: this.#counters, log, backend, startUs, jpeg };
      return new FleetDevice({ index, prefix }, context);
    });
  }

  #createReaders(): void {
    const { fleet, redis, log } = this.#options;
    const create = (devices: readonly string[], topics: readonly Topic[], ledger: Ledger) =>
      this.#readers.push(new Observer({ redis, devices, topics, ledger, clock: this.#clock, log }));
    create(this.#prefixes, this.#metricTopics, this.#observed);
    const frame: Topic[] = fleet.frameBytes > 0 ? ["frame"] : [];
    for (const prefix of this.#prefixes.slice(0, watchersOf(fleet))) {
      create([prefix], [...this.#metricTopics, ...frame], this.#watched);
    }
  }

  get #metricTopics(): readonly Topic[] {
    const { edgeFps } = this.#options.fleet;
    return edgeFps > 0 ? ["core_metrics", "edge_metrics", "status"] : ["core_metrics", "status"];
  }

  /** Subscribers first: what they must receive counts from the first message. */
  async #start(): Promise<void> {
    const { signal } = this.#options;
    await Promise.all(this.#readers.map((reader) => reader.start()));
    for (const [at, device] of this.#devices.entries()) {
      device.start();
      const isFull = this.#options.fleet.ownConnections && at % STARTS_PER_SAMPLE === 0;
      if (isFull) await this.#clock.sleep(SAMPLE_MS, signal);
    }
    this.#publishers?.start();
    const { total = 0 } = this.#publishers ?? {};
    while ((this.#publishers?.ready ?? 0) < total && !signal.aborted) {
      await this.#clock.sleep(SAMPLE_MS, signal);
    }
  }

  async #publish(signal: AbortSignal): Promise<void> {
    const schedules = this.#schedules();
    const measuredFromUs = this.#clock.monotonicUs() + this.#options.fleet.warmUpS * 1e6;
    while (!signal.aborted) {
      const due = schedules.map(({ schedule }) =>
        schedule.due(this.#clock.monotonicUs(), MAX_PER_TICK)
      );
      this.#publishers?.batch(() => {
        for (const [at, { publish }] of schedules.entries()) {
          for (const { device, atUs } of due[at]!) {
            publish(this.#devices[device]!, atUs);
            if (atUs >= measuredFromUs) this.#lag.add((this.#clock.monotonicUs() - atUs) / 1000);
          }
        }
      });
      const isBehind = due.some(({ length }) => length === MAX_PER_TICK);
      await this.#clock.sleep(isBehind ? 0 : TICK_MS, signal);
    }
  }

  #schedules() {
    const { fleet: { edgeFps, frameBytes, frameFps }, bufferDurationS } = this.#options;
    const startUs = this.#clock.monotonicUs();
    const phases = this.#devices.map(() => Math.random());
    const every = (seconds: number) =>
      new Schedule(phases, { intervalUs: seconds * 1e6, startUs: monotonicUs(startUs) });
    type Publish = (device: FleetDevice, atUs: typeof startUs) => void;
    const schedules: { schedule: Schedule; publish: Publish }[] = [
      { schedule: every(bufferDurationS), publish: (device, atUs) => device.publishCore(atUs) },
    ];
    if (edgeFps > 0) {
      schedules.push({
        schedule: every(1 / edgeFps),
        publish: (device, atUs) => device.publishEdge(atUs),
      });
    }
    if (frameBytes > 0) {
      schedules.push({
        schedule: every(1 / frameFps),
        publish: (device, atUs) => device.publishFrame(atUs),
      });
    }
    return schedules;
  }

  #sample(startUs: number): void {
    this.#outages.add({
      atS: (this.#clock.monotonicUs() - startUs) / 1e6,
      ready: this.#publishers?.ready ?? 0,
      attempts: this.#publishers?.attempts ?? 0,
      readersReady: this.#readers.every(({ ready }) => ready),
    });
  }

  /** Waits for what is still on the way to the readers. */
  async #awaitArrivals(): Promise<void> {
    // What another process publishes does not end with this run.
    if (this.#readers.length === 0 || !this.#publishers) return;
    for (let before = -1; before !== this.#receivedCount;) {
      before = this.#receivedCount;
      await this.#clock.sleep(QUIET_MS);
    }
  }

  get #receivedCount(): number {
    return [this.#observed, this.#watched]
      .flatMap((ledger) => ledger.topics.map((topic) => ledger.summary(topic).received))
      .reduce((sum, received) => sum + received, 0);
  }

  #report(seconds: number): FleetReport {
    const { fleet } = this.#options;
    const devices = new Map(this.#devices.map((device) => [device.prefix, device]));
    const published: PublishedCount = (device, topic) =>
      // Frames are for clients that come and go: those without a receiver are lost to none.
      topic === "frame" ? undefined : devices.get(device)?.published(topic);
    const summaries = (ledger: Ledger) =>
      TOPICS.filter((topic) => ledger.topics.includes(topic))
        .map((topic) => ledger.summary(topic, published));
    return {
      devices: fleet.devices,
      watchers: watchersOf(fleet),
      seconds,
      published: this.#devices.reduce(
        (sum, device) =>
          sum + TOPICS.reduce((ofDevice, topic) => ofDevice + device.published(topic), 0),
        0,
      ),
      dropped: this.#dropped(),
      observed: summaries(this.#observed),
      watched: summaries(this.#watched),
      generatorLag: { p99Ms: this.#lag.quantileMs(0.99), worstMs: this.#lag.worstMs },
      connections: {
        total: this.#publishers?.total ?? 0,
        attempts: this.#publishers?.attempts ?? 0,
      },
      outages: this.#outages.outages,
    };
  }

  #dropped(): Record<string, number> {
    const dropped = this.#counters.all().filter(({ name }) => name === "outbox_dropped_total");
    return Object.fromEntries(
      dropped.map(({ labels, total }) => [`${labels["class"]}_${labels["reason"]}`, total]),
    );
  }
}

/** Bytes that begin and end as a JPEG and cannot be compressed. */
function jpegOf(bytes: number): Uint8Array<ArrayBuffer> {
  const jpeg = new Uint8Array(Math.max(4, bytes));
  for (let at = 0; at < jpeg.length; at += 65_536) {
    crypto.getRandomValues(jpeg.subarray(at, at + 65_536));
  }
  jpeg.set([0xff, 0xd8]);
  jpeg.set([0xff, 0xd9], jpeg.length - 2);
  return jpeg;
}
