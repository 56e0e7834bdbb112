import { ConfigError, reasonOf } from "../base/errors.ts";
import { Secret } from "./secret.ts";

/**
 * Reads a file that contains a secret in one line.
 *
 * @throws {ConfigError} if it cannot be read, is empty, or has more lines
 */
export function readSecretFile(
  path: string,
  readText: (path: string) => string = Deno.readTextFileSync,
): Secret {
  let text: string;
  try {
    text = readText(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the secret in ${path}: ${reasonOf(cause)}`, { cause });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "" || /[\0\r\n]/.test(secret)) {
    throw new ConfigError(
      `Cannot use the secret in ${path}: it must be one non-empty line`,
    );
  }
  return new Secret(secret);
}
