import { timingSafeEqual } from "node:crypto";

const encoder = new TextEncoder();
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/**
 * Who may ask. Without a token only loopback asks, and then the name it asked for must be
 * loopback's, too: a foreign page whose name was pointed at 127.0.0.1 is refused. With a token,
 * browsers bring it as a cookie after a login, programs as a bearer token.
 */
export class Access {
  readonly #token: string | undefined;
  readonly #cookie: string;

  /** `scope` keeps apart the cookies of servers on one host. */
  constructor({ token, scope }: { readonly token?: string | undefined; readonly scope: string }) {
    this.#token = token;
    this.#cookie = `physiology_${scope}`;
  }

  async allows(request: Request): Promise<boolean> {
    if (this.#token === undefined) return LOOPBACK_HOST.test(request.headers.get("host") ?? "");
    const bearer = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined) return same(bearer, this.#token);
    const cookies = (request.headers.get("cookie") ?? "").split(/;\s*/);
    const own = cookies.find((cookie) => cookie.startsWith(`${this.#cookie}=`));
    return own !== undefined && same(own, await this.#pass());
  }

  /** The cookie for whoever brought the right token, or undefined. */
  async login(token: string): Promise<string | undefined> {
    if (this.#token === undefined || !same(token, this.#token)) return undefined;
    return `${await this.#pass()}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`;
  }

  /** Made from the token, so that it outlives a restart and ends with the token. */
  async #pass(): Promise<string> {
    const bytes = encoder.encode(`physiology_server page\n${this.#token}`);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return `${this.#cookie}=${hash.toHex()}`;
  }
}

/** A page of another origin must not command, whatever cookies its reader has. */
export function isOwnOrigin(request: Request): boolean {
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

function same(given: string, wanted: string): boolean {
  const left = encoder.encode(given);
  const right = encoder.encode(wanted);
  return left.length === right.length && timingSafeEqual(left, right);
}
