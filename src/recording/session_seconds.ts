import { type ReceivedEnvelope, recordOf, strictOf } from "../envelopes/received.ts";
import { GridInterpolator } from "./grid_interpolator.ts";
import { type SessionEvent, SessionEvents } from "./session_events.ts";
import { samplesOf, type SessionGrid, TRACES, type Vital, VITALS } from "./session_signals.ts";

/** Seconds that wait for late samples, corrections and beats. Chosen. */
const OPEN_SECONDS = 30;
/** Samples and beats may be this much later than their message, which clocks can cause. Chosen. */
const FUTURE_US = 1e6;
/** Seconds without messages that a session may have before it has an interruption. Chosen: a day. */
const MAX_EMPTY_SECONDS = 86_400;
/** Messages that are later after the first one are ignored, in seconds. Chosen: 300 years. */
const MAX_SECONDS = 1e10;
/** Events that wait for their second; further ones belong to the next second. Chosen. */
const MAX_OPEN_EVENTS = 10_000;
/** Seconds after the last metrics, in which the end of the recording is expected. Chosen. */
const END_SECONDS = 60;

/** A vital sign in a second: the last value that was trusted, or NaN. */
export interface SecondValue {
  readonly value: number;
  readonly confidence: number;
}

/** One second of a session. */
export interface SessionSecond {
  /** Seconds since the first message. */
  readonly index: number;
  /** Blood volume pulse and position of the chest, one point per period; NaN in gaps. */
  readonly waveforms: Readonly<Record<Vital, Float32Array>>;
  readonly values: Readonly<Record<Vital, SecondValue>>;
  /** Events of this second, and earlier ones that came late, by time. */
  readonly events: readonly SessionEvent[];
}

const NOTHING: SecondValue = { value: NaN, confidence: NaN };

/**
 * Yields the seconds of a session in order and in constant memory, and undefined now and then. Those
 * without messages are empty, until there are a day of them: further periods without messages are
 * interruptions, whose seconds are missing.
 */
export function* secondsOf(
  { sessionId, grid, envelopes, maxEmptySeconds = MAX_EMPTY_SECONDS }: {
    readonly sessionId: string;
    readonly grid: SessionGrid;
    readonly envelopes: Iterable<ReceivedEnvelope | undefined>;
    /** @default 86400 */
    readonly maxEmptySeconds?: number;
  },
): Generator<SessionSecond | undefined, void, void> {
  const events = new SessionEvents(sessionId);
  const assembler = new SecondAssembler(grid, maxEmptySeconds);
  for (const envelope of envelopes) {
    yield undefined;
    if (!envelope || envelope.timestamp - grid.firstUs > MAX_SECONDS * 1e6) continue;
    for (const event of events.of(envelope)) assembler.addEvent(event, envelope.timestamp);
    if (envelope.type === "core_metrics") yield* assembler.add(envelope);
  }
  yield* assembler.finish();
}

/** Collects samples and events until a second is complete. */
class SecondAssembler {
  readonly #startUs: number;
  readonly #rateHz: number;
  readonly #traces: Readonly<Record<Vital, GridInterpolator>>;
  readonly #waveforms = new Map<number, Record<Vital, Float32Array>>();
  readonly #values = new Map<number, Record<Vital, SecondValue>>();
  readonly #events = new Map<number, SessionEvent[]>();
  #openEvents = 0;
  /** Index of the first second that was not yielded. */
  #next = 0;
  /** Index of the second of the newest core metrics. */
  #newest = 0;
  /** Seconds without messages that further gaps may have. */
  #emptyLeft: number;

  constructor({ firstUs, rateHz }: SessionGrid, maxEmptySeconds: number) {
    this.#emptyLeft = maxEmptySeconds;
    this.#startUs = firstUs;
    this.#rateHz = rateHz;
    const grid = { startUs: firstUs, rateHz };
    const trace = (vital: Vital) =>
      new GridInterpolator(grid, (index, value) => this.#setPoint(vital, index, value));
    this.#traces = { pulse: trace("pulse"), breathing: trace("breathing") };
  }

  /** Adds core metrics; yields the seconds that are complete. */
  *add({ timestamp, payload }: ReceivedEnvelope): Generator<SessionSecond, void, void> {
    const second = this.#secondOf(timestamp);
    yield* this.#advanceTo(second);
    for (const vital of VITALS) {
      for (const [timeUs, value] of samplesOf(recordOf(payload[vital])[TRACES[vital]])) {
        if (isNear(timeUs, timestamp)) this.#traces[vital].add(timeUs, value);
      }
      const { value, confidence } = strictOf(payload, vital);
      if (Number.isFinite(value)) this.#setValue(second, vital, secondValue(value, confidence));
    }
  }

  /** Adds an event of the message with a timestamp. */
  addEvent(event: SessionEvent, timestamp: number): void {
    if (!isNear(event.timeUs, timestamp)) return;
    const isFull = this.#openEvents >= MAX_OPEN_EVENTS;
    const second = isFull ? this.#next : Math.max(this.#next, this.#secondOf(event.timeUs));
    this.#openEvents++;
    const events = this.#events.get(second);
    if (events) events.push(event);
    else this.#events.set(second, [event]);
  }

  /** Yields the remaining seconds. */
  *finish(): Generator<SessionSecond, void, void> {
    for (const trace of Object.values(this.#traces)) trace.finish();
    const ends = [...this.#events.keys()].filter((second) => second <= this.#newest + END_SECONDS);
    const last = Math.max(this.#newest, ...ends);
    this.#moveEvents((second) => second > last, last);
    yield* this.#yieldTo(last);
  }

  *#advanceTo(second: number): Generator<SessionSecond, void, void> {
    if (second <= this.#newest) return;
    const empty = second - this.#newest - 1;
    if (empty > this.#emptyLeft) {
      yield* this.#yieldTo(this.#newest);
      this.#moveEvents((index) => index < second, second);
      this.#waveforms.clear();
      this.#next = second;
    } else {
      this.#emptyLeft -= empty;
      yield* this.#yieldTo(second - OPEN_SECONDS - 1);
    }
    this.#newest = second;
  }

  *#yieldTo(last: number): Generator<SessionSecond, void, void> {
    while (this.#next <= last) yield this.#take();
  }

  /** Returns the next second, after which nothing can change it. */
  #take(): SessionSecond {
    const index = this.#next;
    for (const trace of Object.values(this.#traces)) {
      trace.settleTo(this.#startUs + (index + 1) * 1e6);
    }
    const events = this.#events.get(index) ?? [];
    const second = {
      index,
      waveforms: this.#waveforms.get(index) ?? this.#emptyWaveforms(),
      values: this.#values.get(index) ?? { pulse: NOTHING, breathing: NOTHING },
      events: events.sort((a, b) => a.timeUs - b.timeUs),
    };
    this.#openEvents -= events.length;
    for (const map of [this.#waveforms, this.#values, this.#events]) map.delete(index);
    this.#next++;
    return second;
  }

  #setPoint(vital: Vital, index: number, value: number): void {
    const second = Math.floor(index / this.#rateHz);
    if (second < this.#next) return;
    let waveforms = this.#waveforms.get(second);
    if (!waveforms) this.#waveforms.set(second, waveforms = this.#emptyWaveforms());
    waveforms[vital][index - second * this.#rateHz] = value;
  }

  #setValue(second: number, vital: Vital, value: SecondValue): void {
    const values = this.#values.get(second) ?? { pulse: NOTHING, breathing: NOTHING };
    this.#values.set(second, { ...values, [vital]: value });
  }

  #moveEvents(isMoved: (second: number) => boolean, to: number): void {
    for (const [second, events] of [...this.#events]) {
      if (!isMoved(second)) continue;
      this.#events.delete(second);
      this.#events.set(to, [...this.#events.get(to) ?? [], ...events]);
    }
  }

  #emptyWaveforms(): Record<Vital, Float32Array> {
    const empty = () => new Float32Array(this.#rateHz).fill(NaN);
    return { pulse: empty(), breathing: empty() };
  }

  #secondOf(timeUs: number): number {
    return Math.max(0, Math.floor((timeUs - this.#startUs) / 1e6));
  }
}

/** True for a time that a message with this timestamp can have. */
function isNear(timeUs: number, timestamp: number): boolean {
  return timeUs > timestamp - OPEN_SECONDS * 1e6 && timeUs <= timestamp + FUTURE_US;
}

function secondValue(value: unknown, confidence: unknown): SecondValue {
  return {
    value: Number(value),
    confidence: Number.isFinite(confidence) ? Number(confidence) : NaN,
  };
}
