import type { LinkMeasurement } from "../../delivery/backend.ts";

/** A client, as far as a measurement uses it. */
export interface PingClient {
  ping(): Promise<unknown>;
  ping(payload: string): Promise<unknown>;
}

/** Size of the long ping in bytes: it fits into the initial TCP window of ten segments (RFC 6928). */
const LONG_PING_BYTES = 4096;
/** A long ping that takes less than this beyond the RTT shows no slow link: 200 kB/s, microseconds. */
const MIN_TRANSMISSION_US = 20_000;

/**
 * Measures a new connection by short and long pings, so that a slow link is known before the first
 * frame is sent. The reply to a long ping is as long: the time per byte is that of both directions.
 *
 * @param maxBytes maximum size of a string in a reply; 0 to measure the RTT alone
 * @throws {Error} if the server rejects PING or does not answer
 */
export async function measureLink(
  client: PingClient,
  { maxBytes }: { maxBytes: number },
): Promise<LinkMeasurement> {
  // The shorter of two: on a machine that is busy starting, one alone overestimates the time.
  const rttUs = Math.min(await pingUs(client), await pingUs(client));
  if (maxBytes === 0) return { rttUs, usPerByte: 0 };
  const bytes = Math.min(LONG_PING_BYTES, maxBytes);
  const payload = "x".repeat(bytes);
  let transmissionUs = await pingUs(client, payload) - rttUs;
  if (transmissionUs >= MIN_TRANSMISSION_US) {
    transmissionUs = Math.min(transmissionUs, await pingUs(client, payload) - rttUs);
  }
  return { rttUs, usPerByte: transmissionUs < MIN_TRANSMISSION_US ? 0 : transmissionUs / bytes };
}

async function pingUs(client: PingClient, payload?: string): Promise<number> {
  const startMs = performance.now();
  await (payload === undefined ? client.ping() : client.ping(payload));
  return (performance.now() - startMs) * 1000;
}
