import { TimeLimit } from "../base/time_limit.ts";
import { fetchFailure, retryAfterMs } from "../transports/http/outgoing.ts";
import type { AccessToken } from "./access_token.ts";
import { readJson } from "./response.ts";

/** Longest text of a server in a log line, in characters. */
const MAX_REASON = 200;
/** Longest pause that a server may ask for. Chosen. */
const MAX_RETRY_AFTER_MS = 300_000;

/** The result of sending a transaction. */
export type PostResult =
  | { readonly state: "accepted" }
  /** The same transaction would be refused again. */
  | { readonly state: "rejected"; readonly reason: string }
  | { readonly state: "failed"; readonly reason: string; readonly retryAfterMs?: number };

export interface FhirClientOptions {
  /** Base URL of the server. */
  readonly url: string;
  /** PEM of the authorities to trust; undefined: those of Deno. */
  readonly ca?: string;
  /** Client certificate and key in PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  readonly token: AccessToken | undefined;
  /** Time limit for one request, in milliseconds. */
  readonly timeoutMs: number;
}

/** Statuses for which the content of the transaction is the reason. */
const CONTENT_STATUSES = new Set([400, 412, 413, 415, 422]);

/** Sends transactions to the base URL of a FHIR R4 server. */
export class FhirClient implements Disposable {
  readonly #options: FhirClientOptions;
  readonly #http: Deno.HttpClient;

  constructor(options: FhirClientOptions) {
    this.#options = options;
    const { ca, clientCertificate } = options;
    this.#http = Deno.createHttpClient({
      ...ca === undefined ? {} : { caCerts: [ca] },
      ...clientCertificate,
    });
  }

  /** Sends a transaction, the JSON of a Bundle. Never throws. */
  async post(bundle: string, signal: AbortSignal): Promise<PostResult> {
    const { timeoutMs, token } = this.#options;
    using limit = new TimeLimit(timeoutMs, signal);
    try {
      const bearer = await token?.current(this.#http, limit.signal);
      const response = await fetch(this.#options.url, {
        method: "POST",
        headers: {
          "content-type": "application/fhir+json",
          "accept": "application/fhir+json",
          ...bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
        },
        body: bundle,
        // A redirect would send the token and vital signs to a host that the user did not name.
        redirect: "manual",
        client: this.#http,
        signal: limit.signal,
      });
      const body = await readJson(response);
      if (response.status === 401) token?.discard();
      return resultOf(response, body);
    } catch (error) {
      const reason = limit.isOver
        ? `no response within ${timeoutMs / 1000} s`
        : fetchFailure(error);
      return { state: "failed", reason: reason.slice(0, MAX_REASON) };
    }
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }
}

function resultOf({ status, headers }: Response, body: unknown): PostResult {
  if (status === 200 || status === 201) {
    const refused = statusesIn(body).find((each) =>
      !each.startsWith("2") && !each.startsWith("304")
    );
    if (refused === undefined) return { state: "accepted" };
    return { state: "rejected", reason: `HTTP ${refused.slice(0, 3)} for an entry` };
  }
  const reason = `HTTP ${status}${diagnosticsIn(body)}`;
  if (CONTENT_STATUSES.has(status)) return { state: "rejected", reason };
  const askedMs = retryAfterMs({ headers }, { maxMs: MAX_RETRY_AFTER_MS });
  return { state: "failed", reason, ...askedMs !== undefined && { retryAfterMs: askedMs } };
}

/** Returns the statuses of the entries of a transaction response. */
function statusesIn(body: unknown): string[] {
  const entries = (body as { entry?: unknown } | null)?.entry;
  if (!Array.isArray(entries)) return [];
  return entries.map((entry) => String(entry?.response?.status ?? "200"));
}

/** Returns the first diagnosis of an OperationOutcome, to follow a status. */
function diagnosticsIn(body: unknown): string {
  const issue = (body as { issue?: unknown } | null)?.issue;
  if (!Array.isArray(issue)) return "";
  const text = issue[0]?.diagnostics ?? issue[0]?.details?.text;
  return typeof text === "string" ? ` (${text.slice(0, MAX_REASON)})` : "";
}
