import { compileGlob, isPattern } from "../../base/glob.ts";
import { type Topic, TOPICS } from "../../envelopes/envelope.ts";
import { parseUntrusted } from "../../envelopes/untrusted.ts";
import { MAX_PREFIX_CHARACTERS } from "../../transports/redis/channel.ts";
import { MAX_DEVICES } from "../../transports/redis/key_value_reader.ts";
import { isRecord } from "../../envelopes/received.ts";
import type { FrameDemand } from "../frame_fanout.ts";

/** Longest message of a client, in bytes: three lists of 256 names of 80 characters. Chosen. */
export const MAX_MESSAGE_BYTES = 65_536;
/** What a client of the stream wants to receive. */
export interface Subscription {
  readonly topics: ReadonlySet<Topic>;
  /** Names of devices whose envelopes it receives. */
  readonly names: ReadonlySet<string>;
  /** Tests of the names of others. */
  readonly patterns: readonly ((name: string) => boolean)[];
  /** Devices of which it receives every frame. */
  readonly live: ReadonlySet<string>;
  /** Devices of which it receives a frame a second. */
  readonly stills: ReadonlySet<string>;
}

export type ParsedSubscription =
  | { readonly state: "ok"; readonly subscription: Subscription }
  | { readonly state: "invalid"; readonly reason: string };

/**
 * Parses `{"subscribe": [topics], "devices": [names], "live": [names], "stills": [names]}` of an
 * untrusted client; all keys but the first are optional. Never throws.
 */
export function parseSubscription(text: string): ParsedSubscription {
  const value = parseUntrusted(text, MAX_MESSAGE_BYTES);
  if (!isRecord(value)) return invalid("Message is not a JSON object");
  const { subscribe, devices = ["*"], live = [], stills = [] } = value;
  if (!isNames(subscribe) || !subscribe.every(isTopic)) {
    return invalid('"subscribe" must list topics');
  }
  for (const [key, names] of Object.entries({ devices, live, stills })) {
    if (!isNames(names)) return invalid(`"${key}" must list up to ${MAX_DEVICES} names`);
  }
  const subscription = {
    topics: new Set(subscribe),
    names: new Set(devices as readonly string[]),
    patterns: (devices as readonly string[]).filter(isPattern).map(compileGlob),
    live: new Set(live as readonly string[]),
    stills: new Set(stills as readonly string[]),
  };
  return { state: "ok", subscription };
}

/** Returns true if envelopes of the device are wanted. */
export function includesDevice({ names, patterns }: Subscription, device: string): boolean {
  return names.has("*") || names.has(device) ||
    patterns.some((matches) => matches(device));
}

/** Returns which frames of the device are wanted. */
export function frameDemandOf(subscription: Subscription, device: string): FrameDemand {
  const { topics, live, stills } = subscription;
  if (live.has(device)) return "live";
  if (topics.has("frame") && includesDevice(subscription, device)) return "live";
  return stills.has(device) ? "stills" : "none";
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_DEVICES &&
    value.every((each) => typeof each === "string" && each.length <= MAX_PREFIX_CHARACTERS);
}

function isTopic(text: string): text is Topic {
  return (TOPICS as readonly string[]).includes(text);
}

function invalid(reason: string): ParsedSubscription {
  return { state: "invalid", reason };
}
