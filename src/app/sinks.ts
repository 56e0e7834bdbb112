import type { Sink } from "../delivery/bus.ts";
import type { Envelope } from "../envelopes/envelope.ts";
import type { Systemd } from "../telemetry/systemd.ts";

/** A sink for envelopes alone. */
export function envelopeSink(take: (envelope: Envelope) => void): Sink {
  return { offer: (message) => message.kind === "metric" && take(message.envelope) };
}

/** Shows each status in `systemctl status`. */
export function statusSink(systemd: Pick<Systemd, "status">): Sink {
  return envelopeSink((envelope) => {
    if (envelope.type === "status") systemd.status(envelope.payload.message);
  });
}

/** Calls `stop` for core metrics that hold both strict values. */
export function completionSink(stop: () => void): Sink {
  return envelopeSink((envelope) => {
    if (envelope.type !== "core_metrics") return;
    const { pulse, breathing } = envelope.payload;
    if (pulse?.strict && breathing?.strict) stop();
  });
}
