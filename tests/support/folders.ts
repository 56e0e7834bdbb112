/** Creates a temporary folder, which is removed when the result is disposed. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "physiology_test_" });
  return {
    path,
    [Symbol.dispose]: () => {
      Deno.removeSync(path, { recursive: true });
    },
  };
}

/** Defines a test on a file system of 1 MiB; it is skipped if none can be mounted. */
export function testWithSmallDisk(name: string, run: (path: string) => Promise<void>): void {
  const mountable = Deno.uid() === 0 && canMount();
  Deno.test({
    name: mountable ? name : `${name} (skipped: a disk can only be mounted by root)`,
    ignore: !mountable,
    fn: async () => {
      using folder = temporaryFolder();
      mountSmallDisk(folder.path);
      try {
        await run(folder.path);
      } finally {
        command("umount", "--lazy", folder.path);
      }
    },
  });
}

function canMount(): boolean {
  using folder = temporaryFolder();
  return mountSmallDisk(folder.path) && command("umount", folder.path);
}

function mountSmallDisk(path: string): boolean {
  return command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path);
}

function command(program: string, ...args: string[]): boolean {
  return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
}
