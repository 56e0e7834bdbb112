import { timingSafeEqual } from "node:crypto";

const encoder = new TextEncoder();
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/**
 * Authenticates requests. Without a token, only requests whose `Host` is a loopback name are
 * allowed, which prevents DNS rebinding. With a token, browsers send a cookie after a login, and
 * programs a bearer token (RFC 6750).
 */
export class Authenticator {
  readonly #token: string | undefined;
  readonly #cookie: string;

  /** @param options.scope part of the cookie's name, to separate the servers on one host */
  constructor({ token, scope }: { readonly token?: string | undefined; readonly scope: string }) {
    this.#token = token;
    this.#cookie = `physiology_${scope}`;
  }

  /** Returns true if the request may be served. */
  async isAllowed(request: Request): Promise<boolean> {
    if (this.#token === undefined) return LOOPBACK_HOST.test(request.headers.get("host") ?? "");
    const bearer = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined) return isEqual(bearer, this.#token);
    const cookies = (request.headers.get("cookie") ?? "").split(/;\s*/);
    const session = cookies.find((cookie) => cookie.startsWith(`${this.#cookie}=`));
    return session !== undefined && isEqual(session, await this.#sessionCookie());
  }

  /** Returns the session cookie if `token` is correct, or else undefined. */
  async login(token: string): Promise<string | undefined> {
    if (this.#token === undefined || !isEqual(token, this.#token)) return undefined;
    return `${await this.#sessionCookie()}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`;
  }

  /** Derived from the token, so that it stays valid after a restart, and expires with the token. */
  async #sessionCookie(): Promise<string> {
    const bytes = encoder.encode(`physiology_server page\n${this.#token}`);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return `${this.#cookie}=${hash.toHex()}`;
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
  return left.length === right.length && timingSafeEqual(left, right);
}
