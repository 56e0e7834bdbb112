import { DeviceState, type DeviceStateOptions } from "./device_state.ts";
import { EventQueue } from "./event_queue.ts";
import type { Events, EventType, StreamEvent } from "./events.ts";
import { Repetitions } from "./repetitions.ts";
import type { RecordingCommand, Source } from "./source.ts";

/** Pause before a further attempt to connect, in milliseconds: the first one, and the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** Options of a `PhysiologyClient`. */
export interface ClientOptions extends DeviceStateOptions {
  /** Receives the reason of each lost connection. */
  readonly onConnectionLost?: (reason: string) => void;
}

/**
 * Reads the events of one or several devices. It connects at once, and again whenever the
 * connection is lost. A message that arrives twice is passed on once.
 *
 * @example
 * ```ts ignore
 * const client = new PhysiologyClient(webSocketSource("https://ward.example/"));
 * for await (const { device } of client.events("core_metrics")) {
 *   const state = client.devices.get(device);
 *   console.log(device, state?.pulse?.value ?? state?.reason("pulse"));
 * }
 * ```
 */
export class PhysiologyClient {
  /** True while events can arrive. */
  connected = false;
  readonly #devices = new Map<string, DeviceState>();
  readonly #listeners = new Map<EventType, Set<(event: never) => void>>();
  readonly #queues = new Set<EventQueue<StreamEvent>>();
  readonly #repetitions = new Repetitions();
  readonly #ending = new AbortController();
  readonly #source: Source;
  readonly #options: ClientOptions;
  readonly #following: Promise<void>;

  constructor(source: Source, options: ClientOptions = {}) {
    this.#source = source;
    this.#options = options;
    this.#following = this.#follow();
  }

  /** The state of each device that has sent anything, by its name. */
  get devices(): ReadonlyMap<string, DeviceState> {
    return this.#devices;
  }

  /**
   * The state of the device.
   *
   * @throws {RangeError} if there are several; use `devices`
   */
  get latest(): DeviceState {
    const [first, second] = this.#devices.values();
    if (second) {
      throw new RangeError(`There are ${this.#devices.size} devices: use devices.get(NAME)`);
    }
    return first ?? new DeviceState(this.#options);
  }

  /** Calls a function with each event of a type. Returns a function that ends this. */
  on<T extends EventType>(type: T, listener: (event: Events[T]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Iterates over the events of some types, from now on; over all without types. */
  events<T extends EventType = EventType>(...types: readonly T[]): EventQueue<Events[T]> {
    const ends: (() => void)[] = [];
    const queue = new EventQueue<StreamEvent>(() => ends.forEach((end) => end()));
    const all: readonly EventType[] = types.length > 0 ? types : EVENT_TYPES;
    for (const type of all) ends.push(this.on(type, (event) => queue.push(event)));
    ends.push(() => this.#queues.delete(queue));
    this.#queues.add(queue);
    if (this.#ending.signal.aborted) queue.end();
    return queue as unknown as EventQueue<Events[T]>;
  }

  /** Iterates over all events. */
  [Symbol.asyncIterator](): EventQueue<StreamEvent> {
    return this.events();
  }

  /**
   * Starts or stops a recording, and returns when the device has confirmed it.
   *
   * @throws {RecordingError} unless it was confirmed in time; the command then expires
   */
  async record(command: RecordingCommand): Promise<void> {
    await this.#source.record(command);
  }

  /** Ends the connection and all iterations. */
  async close(): Promise<void> {
    this.#ending.abort();
    for (const queue of [...this.#queues]) queue.end();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const reason = await this.#source.follow((event) => {
        if (event.type === "connection" && event.connected) pauseMs = FIRST_PAUSE_MS;
        this.#take(event);
      }, signal);
      if (this.connected) this.#take({ type: "connection", connected: false });
      if (signal.aborted) return;
      this.#options.onConnectionLost?.(reason);
      await pause(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  #take(event: StreamEvent): void {
    if (event.type === "connection") {
      if (event.connected === this.connected) return;
      this.connected = event.connected;
    } else if (event.type === "gone") this.#devices.delete(event.device);
    else if (event.type !== "alarms") {
      if (event.type !== "frame" && !this.#repetitions.isNew(event)) return;
      const state = this.#devices.get(event.device) ?? new DeviceState(this.#options);
      this.#devices.set(event.device, state);
      state.take(event);
    }
    for (const listener of [...this.#listeners.get(event.type) ?? []]) listener(event as never);
  }
}

const EVENT_TYPES = Object.keys(
  {
    core_metrics: true,
    edge_metrics: true,
    status: true,
    recording_state: true,
    frame: true,
    connection: true,
    gone: true,
    alarms: true,
  } satisfies Record<EventType, true>,
) as EventType[];

/** Waits, or until the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
