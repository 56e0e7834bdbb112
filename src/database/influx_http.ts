import { readCertificate } from "../base/pem.ts";
import { AppError } from "../base/errors.ts";
import { TimeLimit } from "../base/time_limit.ts";
import { fetchFailure } from "../transports/http/outgoing.ts";
import { type Database, RejectedRowsError } from "./database.ts";
import { encodeLine } from "./line_protocol.ts";
import type { Row } from "./tables.ts";
import type { InfluxTarget } from "./target.ts";

export interface InfluxOptions {
  readonly target: InfluxTarget;
  /** Empty for none. */
  readonly token: string;
  /** PEM file of the authorities that are trusted. @default those of Deno */
  readonly tlsCaPath?: string | undefined;
  /** Time for one request, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
}

/** Statuses of a request that would be refused again: malformed, or with too many lines. */
const REJECTED = [400, 413, 422];
/** Characters of a response that are logged. */
const MAX_REASON = 200;

/**
 * InfluxDB over HTTP, version 1 (`db`) or from version 2 (`org` and `bucket`). The retention is that
 * of the database or the bucket.
 */
export class InfluxDatabase implements Database {
  readonly #options: InfluxOptions;
  #client: Deno.HttpClient | undefined;
  /** Aborts when the connection is closed. */
  #closing = new AbortController();

  constructor(options: InfluxOptions) {
    this.#options = options;
  }

  open(): Promise<void> {
    const { tlsCaPath } = this.#options;
    this.#client?.close();
    this.#closing = new AbortController();
    this.#client = Deno.createHttpClient(
      tlsCaPath === undefined ? {} : { caCerts: [readCertificate(tlsCaPath, "TLS file")] },
    );
    // The first write shows whether it is available.
    return Promise.resolve();
  }

  async write(rows: readonly Row[]): Promise<void> {
    const { token } = this.#options;
    const client = this.#client;
    if (!client) throw new AppError("the connection is closed");
    const request = {
      client,
      method: "POST",
      body: await gzip(rows.map(encodeLine).join("")),
      headers: {
        "content-type": "text/plain; charset=utf-8",
        "content-encoding": "gzip",
        ...token === "" ? {} : { authorization: `Token ${token}` },
      },
      // A redirection could send the token elsewhere.
      redirect: "error",
    } as const;
    const { ok, status, reason } = await this.#send(request);
    if (ok) return;
    const message = `${status} ${reason}`.trim();
    throw REJECTED.includes(status) ? new RejectedRowsError(message) : new AppError(message);
  }

  newestTimes(): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(new Map());
  }

  expire(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#client?.close();
    this.#client = undefined;
    return Promise.resolve();
  }

  /** Sends a request; the reason for a failure is in the message of the error. */
  async #send(request: RequestInit & { readonly client: Deno.HttpClient }) {
    const { target, timeoutMs = 10_000 } = this.#options;
    const closing = this.#closing.signal;
    using limit = new TimeLimit(timeoutMs, closing);
    const { signal } = limit;
    try {
      const response = await fetch(target.writeUrl, { ...request, signal });
      const { ok, status } = response;
      return { ok, status, reason: (await textOf(response)).trim() };
    } catch (error) {
      if (limit.isOver) throw new AppError(`it has not responded for ${timeoutMs / 1000} s`);
      if (closing.aborted) throw new AppError("the connection is closed");
      throw new AppError(fetchFailure(error), { cause: error });
    }
  }
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

/** Reads the start of a response, which may never end. */
async function textOf({ body }: Response): Promise<string> {
  let text = "";
  if (!body) return text;
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.length >= MAX_REASON) break;
  }
  return text.slice(0, MAX_REASON);
}
