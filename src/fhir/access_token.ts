import type { Clock } from "../telemetry/clock.ts";
import { readJson } from "./response.ts";

/** A token that ends within this time is replaced, in microseconds. Chosen. */
const MARGIN_US = 30_000_000;
/** Lifetime of a token whose server gives none, in seconds. Chosen. */
const DEFAULT_LIFETIME_S = 300;

/** The bearer token for a FHIR server. */
export interface AccessToken {
  /**
   * Returns a token.
   *
   * @throws {Error} if there is none
   */
  current(http: Deno.HttpClient, signal: AbortSignal): Promise<string>;
  /** Forgets a token that the FHIR server has refused. */
  discard(): void;
}

/** Returns a token that never changes. */
export function fixedToken(token: string): AccessToken {
  return { current: () => Promise.resolve(token), discard() {} };
}

export interface ClientCredentialsOptions {
  /** Token endpoint. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** @default none */
  readonly scope?: string;
  readonly clock: Pick<Clock, "monotonicUs">;
}

/** Tokens of the OAuth 2.0 client credentials grant (RFC 6749, section 4.4), reused until they expire. */
export class ClientCredentials implements AccessToken {
  readonly #options: ClientCredentialsOptions;
  #token: { readonly text: string; readonly endsUs: number } | undefined;

  constructor(options: ClientCredentialsOptions) {
    this.#options = options;
  }

  async current(http: Deno.HttpClient, signal: AbortSignal): Promise<string> {
    const { clock } = this.#options;
    if (this.#token && clock.monotonicUs() < this.#token.endsUs - MARGIN_US) {
      return this.#token.text;
    }
    this.#token = undefined;
    const { text, lifetimeS } = await this.#request(http, signal);
    this.#token = { text, endsUs: clock.monotonicUs() + lifetimeS * 1e6 };
    return text;
  }

  discard(): void {
    this.#token = undefined;
  }

  async #request(http: Deno.HttpClient, signal: AbortSignal) {
    const { url, clientId, clientSecret, scope } = this.#options;
    const credentials = [clientId, clientSecret].map(formEncoded).join(":");
    const response = await fetch(url, {
      method: "POST",
      headers: { accept: "application/json", authorization: `Basic ${btoa(credentials)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", ...scope && { scope } }),
      redirect: "manual",
      client: http,
      signal,
    });
    const body = await readJson(response) as Readonly<Record<string, unknown>> | null | undefined;
    const text = body?.["access_token"];
    if (!response.ok || typeof text !== "string" || !/^[\x21-\x7e]{1,8192}$/.test(text)) {
      throw new Error(`no access token (HTTP ${response.status})`);
    }
    const lifetimeS = Number(body?.["expires_in"] ?? DEFAULT_LIFETIME_S);
    return { text, lifetimeS: lifetimeS > 0 ? lifetimeS : DEFAULT_LIFETIME_S };
  }
}

/** Encodes an id or secret for Basic authentication (RFC 6749, section 2.3.1). */
function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
