import type { Catalogue } from "../messages/catalogue.ts";
import type { DeviceView } from "./device.ts";

/** The one sentence about a device, for the operator and for the person before the camera. */
export interface Condition {
  readonly kind: "good" | "bad" | "silent";
  readonly operator: string;
  /** What the person can do; empty if nothing. */
  readonly person: string;
}

/**
 * Decides what is said about a device, so that its status and the reasons of missing values never
 * contradict each other: silence first, then a status other than OK, then the reason of a missing
 * value, and only then that the signal is good.
 */
export function conditionOf(view: DeviceView, words: Catalogue): Condition {
  if (view.silent) {
    const operator = Number.isFinite(view.agoMs)
      ? words.noDataFor(words.duration(view.agoMs / 1000))
      : words.noData;
    return { kind: "silent", operator, person: words.personWait };
  }
  if (view.duplicate) {
    return { kind: "bad", operator: words.duplicate, person: words.personWait };
  }
  const { status } = view;
  if (status && status.name !== "OK") {
    const known = Object.hasOwn(words.status, status.name)
      ? words.status[status.name as keyof Catalogue["status"]]
      : { operator: withoutFlags(status.message) || status.name, person: words.personWait };
    return { kind: "bad", ...known };
  }
  if (view.stale) {
    const operator = Number.isFinite(view.metricsAgoMs)
      ? words.noMeasurementFor(words.duration(view.metricsAgoMs / 1000))
      : words.noMeasurement;
    return { kind: "bad", operator, person: words.personWait };
  }
  const reason = view.pulse.withheld ?? view.breathing.withheld;
  if (reason !== undefined) {
    const known = Object.hasOwn(words.withheld, reason)
      ? words.withheld[reason as keyof Catalogue["withheld"]]
      : { operator: words.withheldFor(reason), person: words.personWait };
    return { kind: "bad", operator: known.operator, person: known.person };
  }
  return { kind: "good", ...words.status.OK };
}

/** Returns the first sentence of a text, for a tile. */
export function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, "") ?? text;
}

/** Returns a text of the server without the sentences that name command-line flags. */
export function withoutFlags(text: string): string {
  return text.split(/(?<=[.:;])\s+/).filter((part) => !/(^|\W)--[a-z]/.test(part)).join(" ")
    .replace(/[:;]$/, ".");
}
