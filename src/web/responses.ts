/** Headers of all responses. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // With "no-referrer", browsers send the login form with "Origin: null".
  "referrer-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export interface ResponseOptions {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns a response with the headers that protect the page. */
export function respond(
  body: string | ReadableStream<Uint8Array<ArrayBuffer>> | null,
  { status = 200, headers = {} }: ResponseOptions = {},
): Response {
  return new Response(body, { status, headers: { ...SECURITY_HEADERS, ...headers } });
}

export function textResponse(text: string, type: string, status = 200): Response {
  return respond(text, { status, headers: { "content-type": type } });
}

export function jsonResponse(value: unknown, status = 200): Response {
  return textResponse(JSON.stringify(value), "application/json", status);
}

/** @param error What happened and what to do, as one sentence for the operator of the page. */
export function errorResponse(status: number, error: string): Response {
  return jsonResponse({ error }, status);
}
