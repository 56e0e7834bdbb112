import { strictOf } from "../../envelopes/received.ts";
import type { DeviceMessage } from "../device_message.ts";
import type { Hub } from "../hub.ts";
import { type TrendRow, TrendSeries, type TrendValues } from "./trend_series.ts";

/** Latest time that is taken, in microseconds since the Unix epoch: beyond, numbers are not exact. */
const MAX_TIME_US = Number.MAX_SAFE_INTEGER;

/** The last hour of each device of a hub. */
export class TrendStore implements Disposable {
  readonly #series = new Map<string, TrendSeries>();
  readonly #leave: () => void;

  constructor(hub: Pick<Hub, "subscribe">) {
    this.#leave = hub.subscribe({
      takeMessage: (message) => this.#take(message, "add"),
      takeReplayed: (message) => this.#take(message, "addLate"),
      takeNotice: (notice) => {
        if (notice.type === "gone") this.#series.delete(notice.device);
      },
    });
  }

  /** The rows of a device in a range of time, in microseconds since the Unix epoch. */
  rows(
    device: string,
    range: { readonly fromUs: number; readonly toUs: number },
  ): readonly TrendRow[] {
    return this.#series.get(device)?.rows(range) ?? [];
  }

  #take({ device, type, timestamp, payload }: DeviceMessage, how: "add" | "addLate"): void {
    if (type !== "core_metrics" || timestamp < 0 || timestamp > MAX_TIME_US) return;
    let series = this.#series.get(device);
    if (!series) this.#series.set(device, series = new TrendSeries());
    series[how](timestamp, strictValues(payload));
  }

  [Symbol.dispose](): void {
    this.#leave();
  }
}

/** The strict values of core metrics, which any publisher may have written. */
export function strictValues(payload: Readonly<Record<string, unknown>>): TrendValues {
  const values: Record<string, number> = {};
  for (const vital of ["pulse", "breathing"] as const) {
    const { value, confidence } = strictOf(payload, vital);
    if (Number.isFinite(value)) values[vital] = value as number;
    if (Number.isFinite(confidence)) values[`${vital}_confidence`] = confidence as number;
  }
  return values;
}
