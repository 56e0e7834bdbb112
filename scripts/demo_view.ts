/** The view of the demonstration: turns messages into lines of text, without input or output. */
import { stripVTControlCharacters } from "node:util";
import type { RedisSettings } from "../src/transports/redis/flags.ts";

interface Rate {
  readonly value: number;
  readonly confidence: number;
}

/** The parts of an envelope that the view reads. */
interface ShownEnvelope {
  readonly type: string;
  readonly timestamp: number;
  // deno-lint-ignore no-explicit-any -- anything may come over the wire; each use is checked
  readonly payload: any;
}

const BARS = "▁▂▃▄▅▆▇█";
const BOLD = "\x1b[1m", DIM = "\x1b[2m", PLAIN = "\x1b[0m";
const TRACE_SECONDS = 8;
const decoder = new TextDecoder();

/** A trace as a row of bars, scaled to its range; the newest value is on the right. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length < 2) return "";
  const low = Math.min(...values), range = Math.max(...values) - low || 1;
  let line = "";
  for (let column = 0; column < width; column++) {
    const value = values[Math.floor(column * values.length / width)]!;
    line += BARS[Math.min(BARS.length - 1, Math.floor((value - low) / range * BARS.length))];
  }
  return line;
}

/** Counts messages and bytes over the last seconds. */
class RateMeter {
  readonly #events: { atMs: number; bytes: number }[] = [];
  constructor(private readonly nowMs: () => number, private readonly windowMs = 3000) {}

  add(bytes: number): void {
    this.#events.push({ atMs: this.nowMs(), bytes });
  }

  perSecond(): { messages: number; bytes: number } {
    const sinceMs = this.nowMs() - this.windowMs;
    while (this.#events[0] && this.#events[0].atMs < sinceMs) this.#events.shift();
    const seconds = this.windowMs / 1000;
    const bytes = this.#events.reduce((sum, event) => sum + event.bytes, 0);
    return { messages: this.#events.length / seconds, bytes: bytes / seconds };
  }
}

export interface DemoViewOptions {
  readonly redis: RedisSettings;
  /** The server's arguments. */
  readonly command: readonly string[];
  /** File with the password of the demo's own broker. */
  readonly passwordPath?: string | undefined;
  /** Addresses of the page. @default none */
  readonly pages?: readonly string[];
}

export class DemoView {
  #core: ShownEnvelope | undefined;
  #status: ShownEnvelope | undefined;
  #recording: ShownEnvelope | undefined;
  #frame: { width: number; height: number } | undefined;
  #pulse: { timestamp: number; value: number }[] = [];
  #breath: { timestamp: number; value: number }[] = [];
  readonly #frames: RateMeter;
  readonly #metrics: RateMeter;
  #latencyMs = 0;
  #note = "";
  readonly #options: DemoViewOptions;
  readonly #nowMs: () => number;

  constructor(options: DemoViewOptions, nowMs: () => number = Date.now) {
    this.#options = options;
    this.#nowMs = nowMs;
    this.#frames = new RateMeter(nowMs);
    this.#metrics = new RateMeter(nowMs);
  }

  /** Adds one received message. */
  take(message: Uint8Array): void {
    const envelope = JSON.parse(decoder.decode(message)) as ShownEnvelope;
    this.#latencyMs = this.#nowMs() - envelope.timestamp / 1000;
    const { payload } = envelope;
    if (envelope.type === "frame") {
      this.#frame = { width: payload.width, height: payload.height };
      return this.#frames.add(message.length);
    }
    this.#metrics.add(message.length);
    if (envelope.type === "status") this.#status = envelope;
    if (envelope.type === "recording_state") this.#recording = envelope;
    if (envelope.type === "core_metrics") {
      this.#core = envelope;
      this.#pulse = extended(this.#pulse, payload.pulse?.trace, TRACE_SECONDS);
      this.#breath = extended(this.#breath, payload.breathing?.upper_trace, 4 * TRACE_SECONDS);
    }
  }

  /** Sets the last log line of the server, which is shown before the first message. */
  note(line: string): void {
    this.#note = line;
  }

  /** The lines above the view: the command, and commands to try. */
  intro(): string[] {
    const { redis: { host, port, keyPrefix, ...redis }, command } = this.#options;
    const { passwordPath, pages = [] } = this.#options;
    const cli = [
      passwordPath && `REDISCLI_AUTH=$(cat ${passwordPath})`,
      `redis-cli -h ${host} -p ${port}`,
      redis.username && `--user ${redis.username}`,
      !redis.password.isEmpty && !passwordPath && "--askpass",
      redis.tls && "--tls",
      redis.tlsCaPath && `--cacert ${redis.tlsCaPath}`,
    ].filter(Boolean).join(" ");
    return [
      `${BOLD}physiology_server ${command.join(" ")}${PLAIN}`,
      "",
      ...pages.map((url) => `Page: ${url}`),
      `${DIM}Try in another terminal (Ctrl-C stops the demo):${PLAIN}`,
      `  ${cli} SUBSCRIBE ${keyPrefix}:core_metrics`,
      `  ${cli} LPUSH ${keyPrefix}:command_queue '{"recording": true}'`,
      "",
    ];
  }

  /** The view for a terminal, one string per row. */
  rows(): string[] {
    const payload = this.#core?.payload;
    const frames = this.#frames.perSecond(), metrics = this.#metrics.perSecond();
    const size = this.#frame ? `${this.#frame.width}x${this.#frame.height}` : "no frame yet";
    const recording = this.#recording?.payload;
    const pulse = this.#pulse.map(({ value }) => value);
    const breath = this.#breath.map(({ value }) => value);
    return [
      row("pulse", `${rate(payload?.pulse?.strict, payload?.withheld?.pulse, "beats/min")}`),
      row("", sparkline(pulse, 60)),
      row(
        "breathing",
        `${rate(payload?.breathing?.strict, payload?.withheld?.breathing, "breaths/min")}`,
      ),
      row("", sparkline(breath, 60)),
      row("status", this.#statusText()),
      row(
        "recording",
        recording?.recording ? `on, session ${recording.session_id}` : recording ? "off" : "…",
      ),
      row("video", `${frames.messages.toFixed(1)} frames/s, ${size}, ${rateOf(frames.bytes)}`),
      row(
        "metrics",
        `${metrics.messages.toFixed(1)} messages/s, ${rateOf(metrics.bytes)}, ` +
          `latency ${this.#latencyMs.toFixed(0)} ms`,
      ),
    ];
  }

  /** The view in one line, for a log. */
  line(): string {
    const payload = this.#core?.payload;
    const frames = this.#frames.perSecond(), metrics = this.#metrics.perSecond();
    const parts = [
      `pulse ${rate(payload?.pulse?.strict, payload?.withheld?.pulse, "beats/min")}`,
      `breathing ${rate(payload?.breathing?.strict, payload?.withheld?.breathing, "breaths/min")}`,
      `status ${this.#status?.payload.name ?? `unknown ${this.#note}`}`,
      `recording ${this.#recording?.payload.recording ?? "unknown"}`,
      `${frames.messages.toFixed(1)} frames/s`,
      rateOf(frames.bytes + metrics.bytes),
    ];
    return stripVTControlCharacters(parts.join(" | "));
  }

  #statusText(): string {
    if (!this.#status) return `waiting for the first message … ${this.#note}`;
    const { name, message, hint } = this.#status.payload;
    return `${name}: ${message} ${name === "OK" ? "" : hint}`;
  }
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(11)}${text}`;
}

function rate(strict: Rate | undefined, withheld: string | undefined, unit: string): string {
  if (!strict) return `${DIM}–– ${(withheld ?? "waiting").replaceAll("_", " ")}${PLAIN}`;
  const { confidence } = strict;
  // Two digits would round up to 1.00, and no probability is 1.
  const probability = `confidence ${confidence > 0.99 ? "over 0.99" : confidence.toFixed(2)}`;
  return `${BOLD}${strict.value.toFixed(1)}${PLAIN} ${unit}  ${DIM}${probability}${PLAIN}`;
}

function rateOf(bytesPerSecond: number): string {
  return bytesPerSecond > 1e6
    ? `${(bytesPerSecond / 1e6).toFixed(2)} MB/s`
    : `${(bytesPerSecond / 1e3).toFixed(1)} kB/s`;
}

/** The trace with its new samples, limited to the last `seconds`. */
function extended(
  trace: readonly { timestamp: number; value: number }[],
  added: readonly { timestamp: number; value: number }[] | undefined,
  seconds: number,
): { timestamp: number; value: number }[] {
  const all = [...trace, ...(added ?? [])];
  const newest = all.at(-1)?.timestamp ?? 0;
  return all.filter(({ timestamp }) => newest - timestamp < seconds * 1e6);
}
