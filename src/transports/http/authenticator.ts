import { node } from "../../base/node.ts";
import { LoginBudget } from "./login_budget.ts";

const encoder = new TextEncoder();
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** Minimum length of a token, in characters: 64 bits, even if they are hexadecimal digits. */
export const MIN_TOKEN_CHARACTERS = 16;

/** Lifetime of a session in the browser, in seconds. */
const SESSION_S = 24 * 3600;

export interface AuthenticatorOptions {
  /** The token; without one, requests to loopback names are allowed. */
  readonly token?: string | undefined;
  /** Part of the cookie's name, to separate the servers on one host. */
  readonly scope: string;
  /** True if cookies must not be sent without TLS. @default false */
  readonly secure?: boolean;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly nowMs?: () => number;
  readonly budget?: LoginBudget;
}

/** `limited`: too many wrong tokens were sent before, so that this one was not compared. */
export type Access = "allowed" | "denied" | "wrong" | "limited";

/** The cookie for a right token, or why there is none. */
export type Login =
  | { readonly state: "ok"; readonly cookie: string }
  | { readonly state: "wrong" | "limited" };

/**
 * Authenticates requests. Without a token, only requests whose `Host` is a loopback name are
 * allowed, which prevents DNS rebinding. With a token, browsers send a cookie after a login, and
 * programs a bearer token (RFC 6750).
 */
export class Authenticator {
  readonly #token: string | undefined;
  readonly #cookie: string;
  readonly #secure: boolean;
  readonly #nowMs: () => number;
  readonly #budget: LoginBudget;

  constructor(options: AuthenticatorOptions) {
    const { token, scope, secure = false, nowMs = Date.now, budget = new LoginBudget() } = options;
    this.#token = token;
    // A cookie with this prefix cannot be set by another server on the host without TLS.
    this.#cookie = `${secure ? "__Host-" : ""}physiology_${scope}`;
    this.#secure = secure;
    this.#nowMs = nowMs;
    this.#budget = budget;
  }

  /** Returns true if the request names a host that it may reach without a token. */
  hasAllowedHost(request: Request): boolean {
    return this.#token !== undefined || LOOPBACK_HOST.test(request.headers.get("host") ?? "");
  }

  /** Returns true if the request proves that its sender has the token. */
  hasToken(request: Request, address: string): boolean {
    return this.#token !== undefined && this.access(request, address) === "allowed";
  }

  /** Decides whether the request from `address` may be served. */
  access(request: Request, address: string): Access {
    if (this.#token === undefined) return this.hasAllowedHost(request) ? "allowed" : "denied";
    const bearer = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined) return this.#compare(bearer, { token: this.#token, address });
    const cookies = (request.headers.get("cookie") ?? "").split(/;\s*/);
    const session = cookies.find((cookie) => cookie.startsWith(`${this.#cookie}=`));
    return session !== undefined && this.#isValid(session) ? "allowed" : "denied";
  }

  /** Returns a cookie for a session of a day if `token` is right. */
  login(token: string, address: string): Login {
    if (this.#token === undefined) return { state: "wrong" };
    const access = this.#compare(token, { token: this.#token, address });
    if (access !== "allowed") return { state: access };
    const session = this.#session(Math.floor(this.#nowMs() / 1000) + SESSION_S);
    const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_S}`;
    return {
      state: "ok",
      cookie: `${session}; ${attributes}${this.#secure ? "; Secure" : ""}`,
    };
  }

  #compare(
    actual: string,
    { token, address }: { readonly token: string; readonly address: string },
  ): "allowed" | "wrong" | "limited" {
    if (!this.#budget.allows(address)) return "limited";
    if (isEqual(actual, token)) {
      this.#budget.succeeded(address);
      return "allowed";
    }
    this.#budget.failed(address);
    return "wrong";
  }

  #isValid(session: string): boolean {
    const expiryS = Number(/=(\d{1,12})\.[0-9a-f]{64}$/.exec(session)?.[1]);
    return expiryS > this.#nowMs() / 1000 && isEqual(session, this.#session(expiryS));
  }

  /** Derived from the token, so that it stays valid after a restart, and ends with the token. */
  #session(expiryS: number): string {
    const hmac = node.crypto.createHmac("sha256", this.#token!);
    return `${this.#cookie}=${expiryS}.${hmac.update(`session until ${expiryS}`).digest("hex")}`;
  }
}

/** Returns false for cross-origin requests, which prevents cross-site request forgery (CSRF). */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = request.headers.get("origin");
  if (origin === null) return true;
  try {
    return new URL(origin).host === request.headers.get("host");
  } catch {
    return false;
  }
}

/** Compares in constant time. */
function isEqual(actual: string, expected: string): boolean {
  const left = encoder.encode(actual);
  const right = encoder.encode(expected);
  return left.length === right.length && node.crypto.timingSafeEqual(left, right);
}
