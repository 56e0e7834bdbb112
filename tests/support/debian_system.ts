import { existsSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A minimal system of a Debian release, which `scripts/test_packages` creates. */
export interface DebianSystem {
  readonly suite: string;
  readonly path: string;
  /** True if this process can use it: it exists, and the process is root. */
  readonly isUsable: boolean;
}

export const DEBIAN_SYSTEMS: readonly DebianSystem[] = ["bookworm", "trixie"].map((suite) => {
  const path = `${ROOT}.tools/debian/${suite}`;
  return { suite, path, isUsable: Deno.uid() === 0 && existsSync(path) };
});

/**
 * Runs a shell script as root in a view of a system, whose changes are lost. The folder `work` is
 * /media there. Returns its stdout and stderr.
 *
 * @throws {Error} if a command of the script fails
 */
export async function runInSystem(
  { path }: DebianSystem,
  work: string,
  script: string,
): Promise<string> {
  const folder = Deno.makeTempDirSync({ dir: work });
  const args = [
    ...["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"],
    `mount -t tmpfs tmpfs ${folder}; cd ${folder}; mkdir upper work root
     mount -t overlay -o lowerdir=${path},upperdir=upper,workdir=work overlay root
     mount -t proc proc root/proc; mount --bind ${work} root/media
     mount --bind /dev/null root/dev/null
     exec chroot root sh -ec "$0"`,
    `exec 2>&1; export PATH=/usr/sbin:/usr/bin:/sbin:/bin; ${script}`,
  ];
  const { success, stdout, stderr } = await new Deno.Command("unshare", { args }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot run ${script} in ${path}: ${output}`);
  return output;
}
