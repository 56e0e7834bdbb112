/** An identity of age, made by Debian's programs. */
export interface AgeIdentity {
  /** Path of the file with the private key. */
  readonly path: string;
  /** The public key: `age1...`. */
  readonly recipient: string;
}

/** Makes a key pair at `path`. */
export function makeIdentity(path: string): AgeIdentity {
  new Deno.Command("age-keygen", { args: ["-o", path], stderr: "null" }).outputSync();
  const { stdout } = new Deno.Command("age-keygen", { args: ["-y", path] }).outputSync();
  return { path, recipient: new TextDecoder().decode(stdout).trim() };
}

/** Decrypts a file with `age`; undefined if the identity is none of its recipients. */
export function decrypt(path: string, identity: AgeIdentity): string | undefined {
  const { success, stdout } = new Deno.Command("age", {
    args: ["-d", "-i", identity.path, path],
    stderr: "null",
  }).outputSync();
  return success ? new TextDecoder().decode(stdout) : undefined;
}
