import type { Buffer } from "node:buffer";
import { metadataOf, parseEnvelope } from "../envelopes/received.ts";
import { parseChannel } from "../transports/redis/channel.ts";
import type { Arrival } from "./ledger.ts";

/** Bytes at the start and the end of a frame envelope that hold everything but the image. */
const FRAME_HEAD_BYTES = 80;
const FRAME_TAIL_BYTES = 120;

/** Reads what the ledger needs from a message; returns undefined for one of no device. */
export function arrivalOf(
  channel: string,
  message: Buffer | string,
  now: { readonly epochMs: number; readonly monotonicMs: number },
): Arrival | undefined {
  const parsed = parseChannel(channel);
  if (!parsed) return undefined;
  const { device, topic } = parsed;
  const found = topic === "frame" ? frameOf(message) : metricOf(message);
  if (!found) return undefined;
  const { timestamp, ...rest } = found;
  return {
    device,
    topic,
    ...rest,
    latencyMs: now.epochMs - timestamp / 1000,
    atMs: now.monotonicMs,
  };
}

type Found = Pick<Arrival, "bootId" | "sequence" | "replayed"> & { readonly timestamp: number };

function metricOf(message: Buffer | string): Found | undefined {
  const envelope = parseEnvelope(message.toString());
  if (!envelope) return undefined;
  const { boot_id: bootId, sequence = envelope.payload["sequence"], replayed } = metadataOf(
    envelope,
  );
  return {
    timestamp: envelope.timestamp,
    bootId: typeof bootId === "string" ? bootId : "",
    sequence: Number(sequence),
    replayed: replayed === true,
  };
}

/** Reads the times of a frame without its image, which would cost more than everything else. */
function frameOf(message: Buffer | string): Found | undefined {
  const head = message.slice(0, FRAME_HEAD_BYTES).toString();
  const tail = message.slice(-FRAME_TAIL_BYTES).toString();
  const [, timestamp] = /"timestamp":(\d+)/.exec(head) ?? [];
  const [, sequence] = /"sequence":(\d+)/.exec(tail) ?? [];
  if (timestamp === undefined || sequence === undefined) return undefined;
  return {
    timestamp: Number(timestamp),
    bootId: "",
    sequence: Number(sequence),
    replayed: false,
  };
}
