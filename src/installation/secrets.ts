import { environmentName } from "../config/flag.ts";
import type { FlagEntry } from "../config/flag_table.ts";
import type { Secret } from "../config/secret.ts";
import { ACCOUNT, type Service } from "./paths.ts";
import { quoteEnvironment } from "./unit.ts";

/** A file that `install` writes. */
export interface PlannedFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  /** Name of the account that owns it. @default root */
  readonly owner?: string;
  /** True if the text must not be printed. */
  readonly secret: boolean;
}

/** A flag that the user has set, and its value. */
export interface ConfiguredValue {
  readonly entry: FlagEntry;
  readonly value: unknown;
}

/**
 * How the service gets secrets that no other user may read: as systemd credentials, as environment
 * variables from a file that systemd reads, or as files of its account, if cron starts it.
 */
export type CredentialTransfer = "credentials" | "variables" | "files";

/** systemd supports LoadCredential= since version 247; older versions ignore it (systemd NEWS). */
const CREDENTIALS_SINCE = 247;

/** Selects the credential transfer for a version of systemd, or for cron. */
export function credentialTransferFor(
  systemd: number | "none" = CREDENTIALS_SINCE,
): CredentialTransfer {
  if (systemd === "none") return "files";
  return systemd >= CREDENTIALS_SINCE ? "credentials" : "variables";
}

/** The service, and how it gets its secrets. */
export interface CredentialContext {
  readonly service: Service;
  readonly transfer: CredentialTransfer;
}

/** True for a private key, which only root may read. */
export function isPrivateKey({ entry: { flag } }: ConfiguredValue): boolean {
  return flag.kind === "path" && flag.name.endsWith("_key_path");
}

/** Returns a value as the service sees it: a private key is replaced by the path of its copy. */
export function valueForService(
  configured: ConfiguredValue,
  { service, transfer }: CredentialContext,
): ConfiguredValue {
  if (transfer !== "credentials" || !isPrivateKey(configured)) return configured;
  // The folder of the service's credentials (systemd.exec(5), LoadCredential=).
  const value = `/run/credentials/${service.unitName}/${nameOf(configured)}`;
  return { ...configured, value };
}

/** Returns the lines of the unit that pass a secret or a private key to the service. */
export function credentialDirectives(
  configured: ConfiguredValue,
  { service, transfer }: CredentialContext,
): string[] {
  const isKey = isPrivateKey(configured);
  const path = isKey ? `${configured.value}` : pathOf(configured, service);
  if (transfer !== "variables") return [`LoadCredential=${nameOf(configured)}:${path}`];
  return isKey ? [] : [`EnvironmentFile=${path}`];
}

/** Returns the file that stores a secret. */
export function secretFile(
  secret: ConfiguredValue,
  { service, transfer }: CredentialContext,
): PlannedFile {
  const clear = (secret.value as Secret).reveal();
  const variable = `${environmentName(secret.entry.flag)}=${quoteEnvironment(clear)}`;
  const text = `${transfer === "variables" ? variable : clear}\n`;
  const owner = transfer === "files" ? { owner: ACCOUNT } : {};
  return { path: pathOf(secret, service), mode: 0o600, text, secret: true, ...owner };
}

/** Returns the flag that reads a secret from its file. */
export function secretFlag(secret: ConfiguredValue, service: Service): string {
  return `--${secret.entry.flag.secretFrom?.fileFlag}=${pathOf(secret, service)}`;
}

function pathOf(secret: ConfiguredValue, { configFolder }: Service): string {
  return `${configFolder}/${nameOf(secret)}`;
}

function nameOf({ entry: { flag } }: ConfiguredValue): string {
  return flag.secretFrom?.credential ?? flag.name;
}
