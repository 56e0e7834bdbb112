import assert from "node:assert/strict";
import { pack } from "../../../scripts/pack/payload.ts";
import { FLAGS } from "../../../src/app/flags.ts";
import { environmentName } from "../../../src/config/flag.ts";
import { ARCH } from "../../../src/base/assets.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const work = await Deno.makeTempDir({ prefix: "launcher-" });
addEventListener("unload", () => Deno.removeSync(work, { recursive: true }));

/**
 * Replaces Deno: waits while the file HOLD exists, plans one permission, then prints its arguments
 * and environment. With LINES, it is a command that prints as many and fails.
 */
const FAKE_DENO = `#!/bin/sh
while [ -e "$HOLD" ]; do sleep 0.02; done
[ -z "$LINES" ] || { seq "$LINES"; exit 3; }
[ "$PHYSIOLOGY_STAGE" != plan ] || { echo --allow-planned; exit 200; }
cat "$PHYSIOLOGY_ASSETS/main.js"
echo "arguments: $*"
env | grep PHYSIOLOGY_
mkdir -p "$DENO_DIR/notes"
`;

/** Creates a small packed program, with `padding` further bytes that do not compress. */
async function makeProgram(name: string, padding = 0): Promise<string> {
  const folder = `${work}/${name}-files`;
  Deno.mkdirSync(`${folder}/bin`, { recursive: true });
  Deno.mkdirSync(`${folder}/deep/er`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/bin/deno`, FAKE_DENO);
  Deno.writeTextFileSync(`${folder}/main.js`, `program ${name}\n`);
  Deno.writeTextFileSync(`${folder}/deep/er/empty`, "");
  const random = new Uint8Array(padding);
  for (let at = 0; at < padding; at += 65_536) {
    crypto.getRandomValues(random.subarray(at, at + 65_536));
  }
  Deno.writeFileSync(`${folder}/deep/padding`, random);
  const output = `${work}/${name}`;
  const launcher = `${ROOT}launcher/build/${ARCH}/launcher`;
  await pack(folder, { arch: ARCH, launcher, output, level: 1 });
  return output;
}

const made = await new Deno.Command("make", { args: ["-s", "-C", `${ROOT}launcher`] }).output();
assert(made.success, new TextDecoder().decode(made.stderr));
const program = await makeProgram("program");

interface ProgramOutput {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function start(
  args: readonly string[],
  env: Record<string, string>,
  executable = program,
): Promise<ProgramOutput> {
  const output = await new Deno.Command(executable, {
    args: [...args],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}

/** A new cache folder, with accessors for what the launcher unpacks there. */
function newCache() {
  const path = Deno.makeTempDirSync({ dir: work });
  const unpackFolder = `${path}/physiology_server`;
  const entries = () => [...Deno.readDirSync(unpackFolder)].map(({ name }) => name).sort();
  const folders = () => entries().filter((name) => /^[0-9a-f]{64}$/.test(name));
  const onlyFolder = () => {
    const [name, ...others] = folders();
    assert(name !== undefined && others.length === 0);
    return `${unpackFolder}/${name}`;
  };
  return { env: { XDG_CACHE_HOME: path }, path, unpackFolder, entries, folders, onlyFolder };
}

function assertStarted({ status, stdout, stderr }: ProgramOutput): void {
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^program \w+\narguments: run /);
}

Deno.test("launcher starts Deno with the planned permissions, the program and the user's arguments", async () => {
  const cache = newCache();
  const { stdout } = await start(["--use_camera", "a b"], cache.env);
  assert.match(
    stdout,
    new RegExp(`--allow-planned ${cache.onlyFolder()}/main\\.js --use_camera a b\n`),
  );
  assert.match(stdout, new RegExp(`PHYSIOLOGY_ASSETS=${cache.onlyFolder()}\n`));
  assert.match(stdout, new RegExp(`PHYSIOLOGY_EXECUTABLE=${program}\n`));
  assert.doesNotMatch(stdout, /PHYSIOLOGY_STAGE/);
});

Deno.test("launcher unpacks nothing on a second start", async () => {
  const cache = newCache();
  assertStarted(await start([], cache.env));
  const before = Deno.statSync(cache.onlyFolder());
  assertStarted(await start([], cache.env));
  assert.equal(Deno.statSync(cache.onlyFolder()).ino, before.ino);
});

Deno.test("launcher unpacks once if several first starts run concurrently", async () => {
  const big = await makeProgram("big", 8_000_000);
  const cache = newCache();
  const outputs = await Promise.all([1, 2, 3, 4].map(() => start([], cache.env, big)));
  outputs.forEach(assertStarted);
  cache.onlyFolder();
  assert(
    !cache.entries().some((name) => /\.(new|old)$/.test(name)),
    cache.entries().join(),
  );
});

/** Changes a byte as an attacker does: size, time and mode of the file stay the same. */
function flipBit(path: string): void {
  const { mtime } = Deno.statSync(path);
  const bytes = Deno.readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  Deno.writeFileSync(path, bytes);
  assert(mtime);
  Deno.utimeSync(path, mtime, mtime);
}

const DAMAGES: Readonly<Record<string, (folder: string) => void>> = {
  "a truncated file": (folder) => Deno.truncateSync(`${folder}/bin/deno`, 10),
  "a missing file": (folder) => Deno.removeSync(`${folder}/deep/er/empty`),
  "a rewritten file": (folder) => Deno.writeTextFileSync(`${folder}/main.js`, "PROGRAM program\n"),
  "a file replaced by one of the same size, time and mode": (folder) =>
    flipBit(`${folder}/main.js`),
  "a file added beside the libraries": (folder) =>
    Deno.writeTextFileSync(`${folder}/deep/libc.so.6`, ""),
  "a changed mode": (folder) => Deno.chmodSync(`${folder}/bin/deno`, 0o644),
  "a link for a file"(folder) {
    Deno.removeSync(`${folder}/main.js`);
    Deno.symlinkSync("/etc/hostname", `${folder}/main.js`);
  },
  "a missing folder": (folder) => Deno.removeSync(folder, { recursive: true }),
  "an unpacking that was killed": (folder) => Deno.renameSync(folder, `${folder}.new`),
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`launcher unpacks again after ${what} in the cache`, async () => {
    const cache = newCache();
    await start([], cache.env);
    damage(cache.onlyFolder());
    assertStarted(await start([], cache.env));
    assert(!cache.entries().some((name) => /\.(new|old)$/.test(name)), cache.entries().join());
  });
}

Deno.test("launcher keeps only the most recently used older version, for a rollback", async () => {
  const cache = newCache();
  const used: string[] = [];
  for (const name of ["one", "two", "three"]) {
    assertStarted(await start([], cache.env, await makeProgram(name)));
    used.push(...cache.folders().filter((folder) => !used.includes(folder)));
    // File times have the resolution of kernel ticks: set distinct times.
    const kept = used.filter((folder) => cache.folders().includes(folder));
    for (const [age, folder] of kept.toReversed().entries()) {
      const time = Date.now() / 1000 - age;
      Deno.utimeSync(`${cache.unpackFolder}/${folder}.use`, time, time);
    }
  }
  const kept = used.slice(1).sort();
  assert.deepEqual(cache.folders(), kept);
  const others = cache.entries().filter((name) => !kept.some((folder) => name.startsWith(folder)));
  assert.deepEqual(others, []);
});

Deno.test("launcher removes what an interrupted unpacking of another version left", async () => {
  const cache = newCache();
  assertStarted(await start([], cache.env, await makeProgram("interrupted")));
  Deno.renameSync(cache.onlyFolder(), `${cache.onlyFolder()}.new`);
  assertStarted(await start([], cache.env));
  assert(!cache.entries().some((name) => name.endsWith(".new")), cache.entries().join());
});

Deno.test("launcher leaves the previous version intact if there is no space for a newer one", async () => {
  const [before, after] = [await makeProgram("before"), await makeProgram("after", 4_000_000)];
  await onSmallDisk(async (disk) => {
    const env = { XDG_CACHE_HOME: disk };
    assertStarted(await start([], env, before));
    assert.equal((await start([], env, after)).status, 69);
    assertStarted(await start([], env, before));
  });
});

Deno.test("launcher does not remove an older version that runs", async () => {
  const cache = newCache();
  assertStarted(await start([], cache.env, await makeProgram("running")));
  const [running] = cache.folders();
  using lock = Deno.openSync(`${cache.unpackFolder}/${running}.use`, { read: true });
  await lock.lock(false);
  Deno.utimeSync(`${cache.unpackFolder}/${running}.use`, 1, 1);
  for (const name of ["later", "last"]) await start([], cache.env, await makeProgram(name));
  assert(running && cache.folders().includes(running));
});

Deno.test("launcher exits with status 70 and a message if the executable is damaged", async () => {
  const bytes = Deno.readFileSync(program);
  for (const back of [100, 85, 70, 40, 20]) {
    const damaged = bytes.slice();
    damaged[bytes.length - back] = (damaged[bytes.length - back] ?? 0) ^ 255;
    Deno.writeFileSync(`${work}/damaged`, damaged, { mode: 0o755 });
    const { status, stdout, stderr } = await start([], newCache().env, `${work}/damaged`);
    assert.deepEqual([status, stdout], [70, ""], `${back} from the end`);
    assert.match(stderr, /^physiology_server: Cannot .* damaged: copy it here again\n$/);
  }
  Deno.writeFileSync(`${work}/short`, bytes.subarray(0, bytes.length - 1000), { mode: 0o755 });
  assert.equal((await start([], newCache().env, `${work}/short`)).status, 70);
});

Deno.test("launcher exits with the status of the command if its reader closes the pipe", async () => {
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `"$0" | true; echo "\${PIPESTATUS[0]}"`, program],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", LINES: "100000", ...newCache().env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.deepEqual([decode(stdout), decode(stderr)], ["3\n", ""]);
});

Deno.test("launcher without a home folder unpacks into a private folder in /var/tmp", async () => {
  assertStarted(await start([], {}));
  const { uid, mode } = Deno.statSync(`/var/tmp/physiology_server-${Deno.uid()}`);
  assert.deepEqual([uid, mode! & 0o777], [Deno.uid(), 0o700]);
});

Deno.test("launcher does not use a cache folder that other users can write to", async () => {
  const cache = newCache();
  Deno.mkdirSync(cache.unpackFolder);
  Deno.chmodSync(cache.unpackFolder, 0o777);
  const home = Deno.makeTempDirSync({ dir: work });
  assertStarted(await start([], { ...cache.env, HOME: home }));
  assert.equal(Deno.statSync(`${home}/.cache/physiology_server`).isDirectory, true);
  assert.deepEqual(cache.entries(), []);
});

Deno.test("launcher under systemd unpacks into the first state directory", async () => {
  const state = Deno.makeTempDirSync({ dir: work });
  assertStarted(await start([], { STATE_DIRECTORY: `${state}:/other`, HOME: "/none" }));
  assert.equal(Deno.statSync(`${state}/program`).isDirectory, true);
});

/** Runs `use` with a file system of 1 MiB; skips it if none can be mounted. */
async function onSmallDisk(
  use: (disk: string, remount: (options: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const disk = Deno.makeTempDirSync({ dir: work });
  const mount = async (...args: string[]) =>
    (await new Deno.Command("mount", { args, stderr: "null" }).output()).success;
  if (!await mount("-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", disk)) {
    return console.log("skipped: a file system can only be mounted by root");
  }
  try {
    await use(disk, async (options) => {
      assert(await mount("-o", `remount,${options}`, disk));
    });
  } finally {
    await new Deno.Command("umount", { args: [disk] }).output();
  }
}

Deno.test("launcher exits with status 69 on a full disk, and leaves no partial files", async () => {
  const big = await makeProgram("bigger", 4_000_000);
  await onSmallDisk(async (disk) => {
    const { status, stderr } = await start([], { XDG_CACHE_HOME: disk }, big);
    assert.equal(status, 69);
    assert.match(stderr, /Cannot unpack into .*: No space left on device: free 4 MB, or set/);
    const left = [...Deno.readDirSync(`${disk}/physiology_server`)].filter((e) => e.isDirectory);
    assert.deepEqual(left, []);
  });
});

Deno.test("launcher uses a read-only cache that holds the program, and skips one that does not", async () => {
  await onSmallDisk(async (disk, remount) => {
    assertStarted(await start([], { XDG_CACHE_HOME: disk }));
    await remount("ro");
    assertStarted(await start([], { XDG_CACHE_HOME: disk }));
  });
  await onSmallDisk(async (disk, remount) => {
    await remount("ro");
    const home = Deno.makeTempDirSync({ dir: work });
    assertStarted(await start([], { XDG_CACHE_HOME: disk, HOME: home }));
    assert.equal(Deno.statSync(`${home}/.cache/physiology_server`).isDirectory, true);
  });
});

Deno.test("launcher skips a cache on a disk that cannot run programs or take this version", async () => {
  const newer = await makeProgram("newer");
  for (const options of ["noexec", "ro"]) {
    await onSmallDisk(async (disk, remount) => {
      assertStarted(await start([], { XDG_CACHE_HOME: disk }));
      await remount(options);
      const home = Deno.makeTempDirSync({ dir: work });
      assertStarted(await start([], { XDG_CACHE_HOME: disk, HOME: home }, newer));
      assert.equal(Deno.statSync(`${home}/.cache/physiology_server`).isDirectory, true);
    });
  }
});

Deno.test("launcher hides every secret flag from the list of processes", async () => {
  const secrets = FLAGS.entries.map(({ flag }) => flag).filter(({ kind }) => kind === "secret");
  const { stdout } = await start(secrets.map(({ name }) => `--${name}=hunter2`), newCache().env);
  const line = stdout.split("\n").find((each) => each.startsWith("arguments:")) ?? "";
  assert.match(line, /main\.js$/);
  for (const flag of secrets) {
    assert(stdout.includes(`${environmentName(flag)}=hunter2`), flag.name);
  }
});

Deno.test("launcher moves secrets from the command line to the environment", async () => {
  const args = [
    "--redis-password",
    "hunter2",
    "-grpc_token=t1",
    "--redis_password_file=f",
    "--x=1",
  ];
  const { stdout } = await start(args, newCache().env);
  const line = stdout.split("\n").find((each) => each.startsWith("arguments:")) ?? "";
  assert.match(line, /main\.js --redis_password_file=f --x=1$/);
  assert.match(stdout, /^PHYSIOLOGY_REDIS_PASSWORD=hunter2$/m);
  assert.match(stdout, /^PHYSIOLOGY_GRPC_TOKEN=t1$/m);
});

Deno.test("launcher does not run a damaged program that it cannot replace", async () => {
  await onSmallDisk(async (disk, remount) => {
    assertStarted(await start([], { XDG_CACHE_HOME: disk }));
    const folder = `${disk}/physiology_server`;
    const name = [...Deno.readDirSync(folder)].find((entry) => /^[0-9a-f]{64}$/.test(entry.name))
      ?.name;
    flipBit(`${folder}/${name}/main.js`);
    await remount("ro");
    const { status, stdout, stderr } = await start([], { XDG_CACHE_HOME: disk });
    assert.deepEqual([status, stdout], [69, ""]);
    assert.match(stderr, /^physiology_server: Cannot start: .* is damaged and cannot be replaced/);
  });
});

Deno.test("launcher --unpack_to unpacks for every user with any umask, repairs, and runs nothing", async () => {
  const folder = `${Deno.makeTempDirSync({ dir: work })}/lib/physiology_server`;
  const unpack = async () => {
    const { success, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", `umask 077; exec ${program} --unpack_to=${folder}`],
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.deepEqual([success, text], [true, ""]);
  };
  await unpack();
  const name = [...Deno.readDirSync(folder)].find((entry) => entry.isDirectory)?.name;
  const modes = ["", `/${name}`, `/${name}/deep/er`, `/${name}/main.js`, `/${name}/bin/deno`]
    .map((path) => (Deno.statSync(folder + path).mode! & 0o777).toString(8));
  assert.deepEqual(modes, ["755", "755", "755", "644", "755"]);
  flipBit(`${folder}/${name}/main.js`);
  await unpack();
  assert.equal(Deno.readTextFileSync(`${folder}/${name}/main.js`), "program program\n");
});

Deno.test("launcher wipes secrets from its own command line before it unpacks, and keeps it so", async () => {
  const secret = "hunter2-is-long-enough";
  const slow = await makeProgram("slow", 60_000_000);
  const hold = `${work}/hold`;
  Deno.writeTextFileSync(hold, "");
  const cache = newCache();
  await using child = new Deno.Command(slow, {
    args: [`--redis_password=${secret}`, "--http-token", secret, "--use_camera"],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", HOLD: hold, ...cache.env },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const seen = { unpacking: [] as string[], after: [] as string[] };
  let exited = false;
  const output = child.stdout.text().then((text) => (exited = true, text));
  while (!exited) {
    const unpacking = await hasNew(cache.unpackFolder);
    const line = await Deno.readTextFile(`/proc/${child.pid}/cmdline`).catch(() => "");
    if (unpacking) seen.unpacking.push(line);
    else if (line !== "" && seen.unpacking.length > 0 && seen.after.push(line) === 1) {
      Deno.removeSync(hold);
    }
  }
  // A command line that is read while the launcher executes the program may be cut off.
  const whole = (lines: readonly string[]) => lines.filter((line) => line.includes("--use_camera"));
  assert(whole(seen.unpacking).length > 3 && whole(seen.after).length > 0);
  for (const lines of [seen.unpacking, seen.after]) {
    assert(lines.length - whole(lines).length <= 1, JSON.stringify(lines));
    for (const line of lines) assert(!line.includes(secret), line);
  }
  assert.match(await output, /PHYSIOLOGY_REDIS_PASSWORD=hunter2/);
});

/** True while the launcher unpacks into this folder. */
async function hasNew(folder: string): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(folder)) if (name.endsWith(".new")) return true;
  } catch {
    // The folder does not exist yet.
  }
  return false;
}
