import type { JsonNode, JsonObject } from "../base/json_document.ts";
import { isLoopback } from "../base/loopback.ts";
import { readCertificate } from "../base/pem.ts";
import { definedPaths, hostAndPort, type Permissions } from "../config/permissions.ts";
import { retryAfterMs } from "../transports/http/outgoing.ts";
import { DeliveryError } from "./notifier.ts";

/** Longest wait that a target can ask for, in milliseconds. Chosen. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Statuses below 500 after which another attempt can succeed (RFC 9110; RFC 6585, section 4). */
const RETRIED: readonly number[] = [408, 425, 429];

/** A URL that alerts are posted to. */
export interface HttpTarget {
  readonly url: URL;
  readonly caPath: string | undefined;
  readonly permissions: Partial<Permissions>;
}

/** Reads `url`, `tls_ca_file` and `allow_plaintext` of a target. */
export function httpTarget(object: JsonObject): HttpTarget {
  const node = object.require("url");
  const caPath = object.get("tls_ca_file")?.string();
  const url = httpUrl(node, object.get("allow_plaintext")?.boolean() ?? false);
  return {
    url,
    caPath,
    permissions: { read: definedPaths(caPath), net: [hostOf(url)] },
  };
}

/** Reads a URL of HTTP; without TLS only if it is allowed, or for this machine. */
export function httpUrl(node: JsonNode, allowPlaintext: boolean): URL {
  const text = node.string();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    // The text is not shown: it may contain a password.
    throw node.error("it must be a URL that begins with https://, without a user and password");
  }
  const host = url.hostname.replaceAll(/[[\]]/g, "");
  if (url.protocol === "http:" && !allowPlaintext && !isLoopback(host)) {
    throw node.error(
      `others on the network could read what is sent to ${host}: use https://, or add ` +
        `"allow_plaintext": true`,
    );
  }
  return url;
}

/** Returns the permission that a connection to this URL needs. */
export function hostOf(url: URL): string {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return hostAndPort(url.hostname, port);
}

/** Posts to one URL, without following redirects. */
export class HttpPoster implements Disposable {
  readonly #url: URL;
  readonly #client: Deno.HttpClient;

  /** @throws {ConfigError} if the file of certificate authorities cannot be used */
  constructor({ url, caPath }: Pick<HttpTarget, "url" | "caPath">) {
    this.#url = url;
    this.#client = Deno.createHttpClient(
      caPath === undefined ? {} : { caCerts: [readCertificate(caPath, "TLS file")] },
    );
  }

  /**
   * Posts a body; resolves when the target has accepted it.
   *
   * @throws {DeliveryError} if the target rejects it
   */
  async post(
    body: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "physiology_server",
        ...headers,
      },
      body,
      redirect: "manual",
      client: this.#client,
      signal,
    });
    await response.body?.cancel();
    const { status } = response;
    if (response.ok) return;
    const askedMs = retryAfterMs(response, { maxMs: MAX_RETRY_AFTER_MS });
    throw new DeliveryError(`HTTP ${status}`, {
      retry: status >= 500 || RETRIED.includes(status),
      ...askedMs !== undefined && { retryAfterMs: askedMs },
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
