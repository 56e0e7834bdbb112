import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";

/**
 * Returns a message of node:http as a request.
 *
 * @throws {TypeError} for an invalid URL or header
 */
export function toRequest(message: IncomingMessage, scheme: "http" | "https"): Request {
  const { method = "GET", url = "/", headers } = message;
  const pairs = Object.entries(headers)
    .flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]] as const);
  const hasBody = method !== "GET" && method !== "HEAD";
  // Not as the base of a relative URL, which would take `//healthz` for the name of a host.
  const origin = url.startsWith("/") ? `${scheme}://${headers.host ?? "localhost"}` : "";
  return new Request(new URL(origin + url), {
    method,
    headers: pairs as [string, string][],
    ...hasBody ? { body: Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>> } : {},
  });
}

/** Sends a response with backpressure, and cancels its body if the client disconnects. */
export async function sendResponse(
  { status, headers, body }: Response,
  { response, message }: { readonly response: ServerResponse; readonly message: IncomingMessage },
): Promise<void> {
  response.writeHead(status, Object.fromEntries(headers));
  const reader = body?.getReader();
  if (!reader || message.method === "HEAD") {
    await reader?.cancel();
    response.end();
    return;
  }
  const disconnected = new Promise<void>((resolve) => response.once("close", resolve));
  disconnected.then(() => reader.cancel().catch(() => {}));
  while (true) {
    const { value, done } = await reader.read();
    if (done) break;
    if (response.write(value)) continue;
    await Promise.race([disconnected, new Promise((resolve) => response.once("drain", resolve))]);
  }
  response.end();
}
