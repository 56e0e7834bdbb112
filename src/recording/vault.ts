import { randomBytes } from "node:crypto";
import { Encrypter } from "age-encryption";
import { ConfigError, reasonOf, UnavailableError } from "../base/errors.ts";
import { writeAll } from "./files.ts";
import { KEY_BYTES, NONCE_BYTES, SealedFile, type WorkFile } from "./work_file.ts";

/** Bytes that are encrypted before other work has its turn. */
const BLOCK_BYTES = 1 << 18;

/**
 * Encrypts sessions for the owners of age keys. While a run lasts, its lines are in sealed files,
 * whose key is in memory, and encrypted for the recipients in `record_{id}.key.age`, so that they can
 * read what a run has left that did not end.
 */
export class Vault {
  readonly #encrypter: Encrypter;
  readonly #key = randomBytes(KEY_BYTES);
  readonly #keyPath: string;

  private constructor(encrypter: Encrypter, directory: string) {
    this.#encrypter = encrypter;
    this.#keyPath = `${directory}/record_${randomBytes(NONCE_BYTES).toString("hex")}.key.age`;
  }

  /**
   * Opens a vault that writes to `directory`.
   *
   * @param recipients path of a file with a public key in each line (`age1...`), and comments (`#`)
   * @throws {ConfigError} if the file contains none, or anything else
   * @throws {UnavailableError} if the directory cannot be written
   */
  static async open({ directory, recipients }: {
    readonly directory: string;
    readonly recipients: string;
  }): Promise<Vault> {
    const vault = new Vault(encrypterOf(recipients), directory);
    const text = `${vault.#key.toString("hex")}\n`;
    try {
      await Deno.mkdir(directory, { recursive: true });
      await Deno.writeFile(vault.#keyPath, await vault.#encrypter.encrypt(text), { mode: 0o600 });
    } catch (cause) {
      throw new UnavailableError(`Cannot save to ${directory}: ${reasonOf(cause)}`, { cause });
    }
    return vault;
  }

  /** Returns a name for the files of a session, which does not reveal its id: 16 hex digits. */
  newName(): string {
    return randomBytes(NONCE_BYTES).toString("hex");
  }

  /** Opens the lines of the session with this name. */
  openLines(path: string, name: string): SealedFile {
    return new SealedFile(path, { key: this.#key, nonce: Uint8Array.fromHex(name) });
  }

  /** Writes what a file contains, encrypted for the recipients, and replaces `path` once complete. */
  async encrypt(file: Pick<WorkFile, "read">, path: string): Promise<void> {
    let offset = 0;
    const plain = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        const block = new Uint8Array(BLOCK_BYTES);
        const count = file.read(offset, block);
        offset += count;
        if (count > 0) controller.enqueue(block.subarray(0, count));
        else controller.close();
      },
    }, { highWaterMark: 0 });
    const temporary = `${path}.tmp`;
    {
      using out = Deno.openSync(temporary, { create: true, write: true, truncate: true });
      for await (const bytes of await this.#encrypter.encrypt(plain)) writeAll(out, bytes);
      out.syncSync();
    }
    Deno.renameSync(temporary, path);
  }

  /** Removes the key of the run, once none of its lines is sealed any more. */
  removeKey(): void {
    Deno.removeSync(this.#keyPath);
  }
}

function encrypterOf(path: string): Encrypter {
  const fail = (reason: string, cause?: unknown): never => {
    throw new ConfigError(`Cannot use --record_recipients=${path}: ${reason}`, { cause });
  };
  let text = "";
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    fail(reasonOf(error), error);
  }
  const encrypter = new Encrypter();
  let count = 0;
  for (const [at, line] of text.split("\n").map((each) => each.trim()).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    try {
      encrypter.addRecipient(line);
      count++;
    } catch (error) {
      // The line may be a private key by mistake, which no message shows.
      fail(`line ${at + 1} must be a public key of age, which begins with age1`, error);
    }
  }
  if (count === 0) fail("it must contain a public key of age: age-keygen -y prints one");
  return encrypter;
}
