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
  const mountable = canMountDisks();
  Deno.test({
    name: mountable ? name : `${name} (skipped: a disk can only be mounted by root)`,
    ignore: !mountable,
    fn: async () => {
      using folder = temporaryFolder();
      using _disk = mountSmallDisk(folder.path);
      await run(folder.path);
    },
  });
}

/** Whether this process can mount file systems. */
export function canMountDisks(): boolean {
  using folder = temporaryFolder();
  return Deno.uid() === 0 && mount(folder.path) && command("umount", folder.path);
}

/** Mounts a file system of 1 MiB at a folder, until the result is disposed. */
export function mountSmallDisk(path: string): Disposable {
  mount(path);
  return { [Symbol.dispose]: () => void command("umount", "--lazy", path) };
}

/** Fills the disk of a new file to the last byte. */
export function fillDisk(path: string): void {
  using file = Deno.openSync(path, { write: true, create: true });
  for (const size of [65_536, 4096, 1]) {
    try {
      while (file.writeSync(new Uint8Array(size)) > 0);
    } catch {
      // The disk has no room for this size.
    }
  }
}

function mount(path: string): boolean {
  return command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path);
}

function command(program: string, ...args: string[]): boolean {
  return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
}
