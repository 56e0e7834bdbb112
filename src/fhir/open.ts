import { readCertificate, readKeyPair } from "../base/pem.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { type AccessToken, ClientCredentials, fixedToken } from "./access_token.ts";
import { BundleFolder } from "./bundle_folder.ts";
import { FolderQueue, MemoryQueue } from "./bundle_queue.ts";
import { FhirClient } from "./fhir_client.ts";
import { type FhirSettings, isServer } from "./flags.ts";
import type { BundleSink } from "./sink.ts";
import { Uploader } from "./uploader.ts";

/** Time limit for a request to a server, in milliseconds. Chosen for a busy server. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Opens the target that the settings name; `to` must be set.
 *
 * @throws {ConfigError} if a TLS file cannot be used
 * @throws {UnavailableError} if a folder cannot be used
 */
export function openSink(
  settings: FhirSettings,
  { log, clock, timeoutMs = REQUEST_TIMEOUT_MS }: {
    readonly log: Log;
    readonly clock: Pick<Clock, "monotonicUs" | "sleep">;
    readonly timeoutMs?: number;
  },
): BundleSink {
  const to = settings.to!;
  if (!isServer(to)) return new BundleFolder(to);
  const { queuePath, tlsCaPath, tlsCertPath: certPath, tlsKeyPath: keyPath } = settings;
  const name = "TLS file";
  const client = new FhirClient({
    url: to,
    ...tlsCaPath ? { ca: readCertificate(tlsCaPath, name) } : {},
    ...certPath && keyPath
      ? { clientCertificate: readKeyPair({ certPath, keyPath }, { cert: name, key: name }) }
      : {},
    token: tokenOf(settings, clock),
    timeoutMs,
  });
  const queue = queuePath === undefined ? new MemoryQueue() : new FolderQueue(queuePath);
  return new Uploader({ client, queue, log, clock });
}

function tokenOf(
  { token, oauthUrl: url, oauthClientId: clientId, oauthClientSecret, oauthScope }: FhirSettings,
  clock: Pick<Clock, "monotonicUs">,
): AccessToken | undefined {
  if (!token.isEmpty) return fixedToken(token.reveal());
  if (url === undefined || clientId === undefined) return undefined;
  return new ClientCredentials({
    url,
    clientId,
    clientSecret: oauthClientSecret.reveal(),
    ...oauthScope === undefined ? {} : { scope: oauthScope },
    clock,
  });
}
