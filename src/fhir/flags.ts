import { isPattern } from "../base/glob.ts";
import { isLoopback } from "../base/loopback.ts";
import {
  bool,
  float,
  list,
  optionalPath,
  optionalText,
  secret,
  text,
  topic,
  type ValuesOf,
} from "../config/flag.ts";
import type { Policy, Rule } from "../config/flag_table.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../config/permissions.ts";
import type { ReaderSettings } from "../transports/redis/reader_flags.ts";
import { NO_SECRET } from "../config/secret.ts";

const URL_DESCRIPTION = "an URL of a server without user information, query and fragment";
const SERVER_URL = /^https?:\/\/[^\s/@?#]+(?:\/[^\s@?#]*)?$/;

/** The command `fhir`. */
export const fhirFlags = topic("FHIR", ["fhir"], {
  to: optionalText("to", "Folder for the resources, or base URL of a FHIR R4 server.", {
    placeholder: "FOLDER|URL",
    pattern: {
      regex: new RegExp(`^(?![^/]*://).+$|${SERVER_URL.source}`),
      description: `a folder, or ${URL_DESCRIPTION}`,
    },
  }),
  intervalS: float("fhir_interval", "Length of the interval of one Observation, in seconds.", {
    default: 60,
    range: [5, 3600],
    placeholder: "S",
  }),
  subject: list(
    "fhir_subject",
    "Patient before the device, such as Patient/7; for several devices DEVICE=Patient/7. Without a " +
      "patient, an Observation describes its subject as unidentified.",
    {
      placeholder: "PATIENT",
      pattern: {
        regex: /^(?:[^\s=\p{Cc}]{1,200}=)?Patient\/[A-Za-z0-9.-]{1,64}$/u,
        description: "Patient/ID or DEVICE=Patient/ID",
      },
    },
  ),
  waveforms: bool("fhir_waveforms", "Also export the waveforms, as SampledData."),
  profiles: bool(
    "fhir_profiles",
    "Name the R4 vital signs profile in meta.profile; --nofhir_profiles for a server that rejects it.",
    { default: true },
  ),
  withheld: bool(
    "fhir_withheld",
    "Export an Observation with the reason for each interval without a reliable value.",
    { default: true },
  ),
  site: text(
    "fhir_site",
    "Name of the site, part of all identifiers: give one if another site with the same device names " +
      "uses the same FHIR server.",
    { default: "", placeholder: "NAME" },
  ),
  queuePath: optionalPath(
    "fhir_queue_path",
    "Folder for what the FHIR server has not accepted yet; default: memory.",
    { writes: "folder", placeholder: "FOLDER" },
  ),
  token: secret("fhir_token", "Bearer token for the FHIR server; prefer --fhir_token_file.", {
    default: NO_SECRET,
    secretFrom: { fileFlag: "fhir_token_file", credential: "fhir_token" },
  }),
  tokenFile: optionalPath("fhir_token_file", "File that contains the token for the FHIR server."),
  oauthUrl: optionalText(
    "fhir_oauth_url",
    "Token endpoint of the authorization server, for OAuth 2.0 client credentials.",
    { placeholder: "URL", pattern: { regex: SERVER_URL, description: URL_DESCRIPTION } },
  ),
  oauthClientId: optionalText("fhir_oauth_client_id", "Client id for the authorization server.", {
    placeholder: "ID",
  }),
  oauthClientSecret: secret(
    "fhir_oauth_client_secret",
    "Client secret for the authorization server; prefer --fhir_oauth_client_secret_file.",
    {
      default: NO_SECRET,
      secretFrom: {
        fileFlag: "fhir_oauth_client_secret_file",
        credential: "fhir_oauth_client_secret",
      },
    },
  ),
  oauthClientSecretFile: optionalPath(
    "fhir_oauth_client_secret_file",
    "File that contains the client secret for the authorization server.",
  ),
  oauthScope: optionalText("fhir_oauth_scope", "Scope to request, such as system/*.c.", {
    placeholder: "SCOPE",
  }),
  tlsCaPath: optionalPath(
    "fhir_tls_ca_path",
    "PEM file of the certificate authorities for these servers; default: those of Deno.",
  ),
  tlsCertPath: optionalPath(
    "fhir_tls_cert_path",
    "PEM file with the client certificate for the FHIR server.",
  ),
  tlsKeyPath: optionalPath(
    "fhir_tls_key_path",
    "PEM file with the private key of the client certificate.",
  ),
});

export type FhirSettings = ValuesOf<typeof fhirFlags>;

/** The settings of the command. */
export interface WithFhir {
  readonly fhir: FhirSettings;
}

/** Returns true if a target is a server, and not a folder. */
export function isServer(to: string): boolean {
  return SERVER_URL.test(to);
}

/** Returns the patient before a device; undefined if the flags name none. */
export function patientOf({ subject }: FhirSettings, device: string): string | undefined {
  const named = subject.find((each) => each.startsWith(`${device}=`));
  return named?.slice(device.length + 1) ?? subject.find((each) => !each.includes("="));
}

/** Checks what `fhir` needs. */
export const fhirCommandRule: Rule<WithFhir & { readonly reader: ReaderSettings }> = (
  { fhir: { to, subject }, reader: { devices } },
) => {
  if (to === undefined) {
    return "Cannot export without a target: add --to=FOLDER or --to=https://...";
  }
  const isOneDevice = devices.length === 1 && !isPattern(devices[0]!);
  if (subject.some((each) => !each.includes("=")) && (subject.length > 1 || !isOneDevice)) {
    return "Cannot use one patient for several devices: name one device with --devices, or give " +
      "--fhir_subject=DEVICE=Patient/ID";
  }
  return undefined;
};

export const fhirRules: readonly Rule<WithFhir>[] = [
  ({ fhir }) =>
    Boolean(fhir.tlsCertPath) !== Boolean(fhir.tlsKeyPath)
      ? "Cannot use one of fhir_tls_cert_path and fhir_tls_key_path alone: give both"
      : undefined,
  ({ fhir }) => {
    const given = [fhir.oauthUrl, fhir.oauthClientId, fhir.oauthClientSecret.reveal()];
    const count = given.filter(Boolean).length;
    return count > 0 && count < given.length
      ? "Cannot use some of fhir_oauth_* alone: give fhir_oauth_url, fhir_oauth_client_id and " +
        "fhir_oauth_client_secret_file"
      : undefined;
  },
  ({ fhir }) =>
    fhir.oauthUrl !== undefined && !fhir.token.isEmpty
      ? "Cannot use both fhir_token and fhir_oauth_url: give one of them"
      : undefined,
];

/** Refuses to send vital signs or secrets without TLS beyond loopback. */
export const fhirPolicy: Policy<WithFhir> = ({ fhir }, command) => {
  if (command !== "fhir") return undefined;
  const open = serversOf(fhir).find(({ protocol, hostname }) =>
    protocol === "http:" && !isLoopback(hostname)
  );
  return open &&
    `Cannot send vital signs to ${open.hostname} without TLS: begin the URL with https://`;
};

export const fhirPermissions: PermissionsOf<WithFhir> = ({ fhir }) => ({
  net: serversOf(fhir).map(({ hostname, port, protocol }) =>
    hostAndPort(hostname, Number(port) || (protocol === "https:" ? 443 : 80))
  ),
  write: definedPaths(fhir.to !== undefined && isServer(fhir.to) ? fhir.queuePath : fhir.to),
  read: definedPaths(fhir.tlsCaPath, fhir.tlsCertPath, fhir.tlsKeyPath),
});

function serversOf({ to, oauthUrl }: FhirSettings): URL[] {
  return [to, oauthUrl].filter((url) => url !== undefined && isServer(url)).map((url) =>
    new URL(url!)
  );
}
