import { ConfigError, UsageError } from "../../../base/errors.ts";
import { keepSecret } from "../../../base/kept_secret.ts";
import { openPrivateFolder } from "../../../base/private_files.ts";

/** Ends the name of the file with the password before the present one. */
const OLD = ".old";
/** What `keepSecret()` generates. A text of another form is the user's own, and is not replaced. */
const PASSWORD = /^[0-9a-f]{32}\s*$/;

/**
 * The passwords of users of Redis in a folder that only its owner can read: `NAME` for the device, and
 * `NAME.old` while both are valid.
 */
export class PasswordFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates the folder if it is missing.
   *
   * @throws {UnavailableError} if it cannot be created, or belongs to another user
   */
  static async open(path: string): Promise<PasswordFolder> {
    await openPrivateFolder(path, "name another one by --password_folder");
    return new PasswordFolder(path);
  }

  /**
   * Returns the SHA-256 of each valid password of a user, the present one first, and generates that
   * one if there is none.
   *
   * @throws {ConfigError} if a file has another content than a generated password
   */
  async hashesOf(user: string): Promise<readonly string[]> {
    this.#read(user);
    const { value } = await keepSecret(this.path, user);
    const old = this.#read(user + OLD);
    return Promise.all([value, ...old === undefined ? [] : [old]].map(sha256));
  }

  /**
   * Keeps the present password as the old one, so that the next one is generated.
   *
   * @throws {UsageError} if there is an old one already, which the device may still use
   */
  rotate(user: string): void {
    const old = `${this.path}/${user}${OLD}`;
    if (this.#read(user + OLD) !== undefined) {
      throw new UsageError(
        `Cannot rotate the password of ${user}: ${old} is still valid: run acl --retire once the ` +
          "device uses the new one",
      );
    }
    if (this.#read(user) !== undefined) Deno.renameSync(`${this.path}/${user}`, old);
  }

  /**
   * Removes the old password.
   *
   * @throws {UsageError} if there is none
   */
  retire(user: string): void {
    if (this.#read(user + OLD) === undefined) {
      throw new UsageError(`Cannot retire the old password of ${user}: it has none`);
    }
    Deno.removeSync(`${this.path}/${user}${OLD}`);
  }

  #read(name: string): string | undefined {
    const path = `${this.path}/${name}`;
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    if (!PASSWORD.test(text)) {
      throw new ConfigError(`Cannot use ${path}: it is no password that acl has written`, {
        hint: "Name another folder by --password_folder",
      });
    }
    return text.trim();
  }
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))
    .toHex();
}
