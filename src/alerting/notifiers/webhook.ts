import { node } from "../../base/node.ts";
import { definedPaths } from "../../config/permissions.ts";
import { readSecretFile } from "../../config/secret_file.ts";
import { HttpPoster, httpTarget } from "../http_target.ts";
import type { NotifierKind } from "../notifier.ts";

/**
 * Posts each alert as JSON to a URL. With a secret, the header `X-Physiology-Signature` is the HMAC
 * (RFC 2104) of the time, a dot and the body.
 */
export const webhook: NotifierKind = (object) => {
  const target = httpTarget(object);
  const secretPath = object.get("secret_file")?.string();
  return {
    permissions: {
      ...target.permissions,
      read: definedPaths(target.caPath, secretPath),
    },
    open: () => {
      const secret = secretPath === undefined ? undefined : readSecretFile(secretPath);
      const poster = new HttpPoster(target);
      return Promise.resolve({
        async send(alert, signal) {
          const body = JSON.stringify(alert);
          const seconds = `${Math.floor(Date.now() / 1000)}`;
          await poster.post(body, {
            "idempotency-key": alert.id,
            "x-physiology-timestamp": seconds,
            ...secret && { "x-physiology-signature": signatureOf(secret.reveal(), seconds, body) },
          }, signal);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(poster[Symbol.dispose]()),
      });
    },
  };
};

/** Returns `sha256=` and the HMAC-SHA256 of `{seconds}.{body}` in hexadecimal digits. */
export function signatureOf(secret: string, seconds: string, body: string): string {
  const hmac = node.crypto.createHmac("sha256", secret).update(`${seconds}.${body}`);
  return `sha256=${hmac.digest("hex")}`;
}
