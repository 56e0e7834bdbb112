import { environmentName } from "../config/flag.ts";
import type { FlagEntry } from "../config/flag_table.ts";
import type { Secret } from "../config/secret.ts";
import { PLACES, SERVICE } from "./places.ts";
import { quoteEnvironment } from "./unit.ts";

/** A file that `install` writes. */
export interface PlannedFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  /** True where the text must not be printed. */
  readonly secret: boolean;
}

/** A value that the user gave. */
export interface Given {
  readonly entry: FlagEntry;
  readonly value: unknown;
}

/**
 * How the service comes by what only root may read: as systemd's credentials, as variables from
 * a file that systemd reads, or, where cron starts it as root, as files.
 */
export type CredentialTransfer = "credentials" | "variables" | "files";

/** LoadCredential= came with this version of systemd; an older one would pass over it. */
const CREDENTIALS_SINCE = 247;

export function credentialTransferFor(
  systemd: number | "none" = CREDENTIALS_SINCE,
): CredentialTransfer {
  if (systemd === "none") return "files";
  return systemd >= CREDENTIALS_SINCE ? "credentials" : "variables";
}

/** Where systemd lays the credentials of a service of the system. */
const CREDENTIALS = `/run/credentials/${SERVICE}`;

/** A private key is root's own. */
export function isKey({ entry: { flag } }: Given): boolean {
  return flag.kind === "path" && flag.name.endsWith("_key_path");
}

/** What the service is told: of a key that is handed over, the place of its copy. */
export function seenByService(given: Given, transfer: CredentialTransfer): Given {
  if (transfer !== "credentials" || !isKey(given)) return given;
  return { ...given, value: `${CREDENTIALS}/${nameOf(given)}` };
}

/** The lines of the unit that hand a secret or a key over. */
export function credentialDirectives(given: Given, transfer: CredentialTransfer): string[] {
  const path = isKey(given) ? `${given.value}` : fileOf(given);
  if (transfer !== "variables") return [`LoadCredential=${nameOf(given)}:${path}`];
  return isKey(given) ? [] : [`EnvironmentFile=${path}`];
}

export function secretFile(secret: Given, transfer: CredentialTransfer): PlannedFile {
  const clear = (secret.value as Secret).reveal();
  const variable = `${environmentName(secret.entry.flag)}=${quoteEnvironment(clear)}`;
  const text = `${transfer === "variables" ? variable : clear}\n`;
  return { path: fileOf(secret), mode: 0o600, text, secret: true };
}

/** The flag that reads the secret from its file. */
export function secretFlag(secret: Given): string {
  return `--${secret.entry.flag.secretFrom?.fileFlag}=${fileOf(secret)}`;
}

function fileOf(secret: Given): string {
  return `${PLACES.folder}/${nameOf(secret)}`;
}

function nameOf({ entry: { flag } }: Given): string {
  return flag.secretFrom?.credential ?? flag.name;
}
