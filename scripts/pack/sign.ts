import { run } from "./run.ts";

/** The namespace of the signature, which `ssh-keygen -Y verify -n` must name. */
const NAMESPACE = "file";

/**
 * Signs a file with a private SSH key, as `FILE.sig` (ssh-keygen(1), `-Y sign`).
 *
 * @throws {Error} if the key cannot be used
 */
export async function sign(path: string, key: string): Promise<void> {
  try {
    Deno.removeSync(`${path}.sig`); // ssh-keygen asks before it replaces one
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await run("ssh-keygen", ["-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, path]);
}
