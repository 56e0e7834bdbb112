import assert from "node:assert/strict";
import { assetPath } from "../../src/base/assets.ts";
import { temporaryFolder } from "../support/folders.ts";
import { waitFor } from "../support/wait.ts";

const SANDBOX = assetPath("sandbox");

/** What a program in place of ffmpeg, which an attacker controls, tries to do. */
const ATTACK = `
import ctypes, errno, os, resource, signal, socket, sys

REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EAFNOSUPPORT}

def tried(name, action):
    try:
        action()
        print(name, "done")
    except OSError as error:
        print(name, "refused" if error.errno in REFUSALS else error)

folder = sys.argv[1]
tried("read a file of the user", lambda: open(folder + "/secret"))
tried("read a file that is allowed", lambda: open(folder + "/allowed"))
tried("write a file", lambda: open(folder + "/new", "w"))
tried("write an allowed file", lambda: open(folder + "/output", "r+"))
tried("remove a file", lambda: os.unlink(folder + "/allowed"))
tried("start a process", lambda: os.fork())
tried("send a signal", lambda: os.kill(os.getppid(), 0))
tried("open a connection", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2]))))
tried("wait for connections", lambda: socket.socket().listen())
tried("send raw packets", lambda: socket.socket(socket.AF_PACKET))
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
tried("inspect a process", lambda: call("ptrace", 16, os.getppid(), 0, 0))
tried("mount", lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None))
tried("enter another namespace", lambda: call("unshare", 0x10000000))

# Calls without a function in the C library, by their numbers.
numbers = {
    "x86_64": dict(tgkill=234, prlimit64=302, setpriority=141, sched_setaffinity=203,
                   sched_setscheduler=144, renameat=264, removexattr=197, shmget=29, msgget=68),
    "aarch64": dict(tgkill=131, prlimit64=261, setpriority=140, sched_setaffinity=122,
                    sched_setscheduler=119, renameat=38, removexattr=14, shmget=194, msgget=186),
}[os.uname().machine]
def system_call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
parent = os.getppid()
space = ctypes.create_string_buffer(128)
secret = (folder + "/secret").encode()
for name, arguments in {
    "tgkill": (parent, parent, 0),
    "prlimit64": (parent, resource.RLIMIT_NPROC, None, space),
    "setpriority": (0, parent, 0),
    "sched_setaffinity": (parent, 128, b"\\xff" * 128),
    "sched_setscheduler": (parent, 0, bytes(4)),
    "renameat": (-100, secret, -100, secret),
    "removexattr": (secret, b"user.none"),
    "shmget": (0, 4096, 0o1600),
    "msgget": (0, 0o1600),
}.items():
    tried(name, lambda: system_call(numbers[name], *arguments))
# Newer than the kernel's headers here; the kernel has it since 6.6.
tried("fchmodat2", lambda: system_call(452, -100, secret, 0o777, 0))
tried("end itself", lambda: system_call(numbers["tgkill"], os.getpid(), os.getpid(), 0))
print("core", *resource.getrlimit(resource.RLIMIT_CORE))
print("memory", resource.getrlimit(resource.RLIMIT_AS)[1])
print("no new privileges", libc.prctl(39, 0, 0, 0, 0))
`;

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
globalThis.addEventListener("unload", () => listener.close());

/** Runs the attack in a sandbox with these options; returns the lines that it prints. */
async function attack(...options: readonly string[]) {
  using folder = temporaryFolder();
  for (const name of ["secret", "allowed", "output"]) {
    Deno.writeTextFileSync(`${folder.path}/${name}`, "");
  }
  const resolved = options.map((option) => option.replace("FOLDER", folder.path));
  const { stdout, stderr } = await new Deno.Command(SANDBOX, {
    args: [...resolved, "/usr/bin/python3", "-c", ATTACK, folder.path, `${listener.addr.port}`],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.ok(text.includes("no new privileges"), new TextDecoder().decode(stderr));
  return new Set(text.trimEnd().split("\n"));
}

/** True if the kernel has Landlock, without which files can be read. */
const hasLandlock = !(await attack()).has("read a file of the user done");

for (const [options, bytes] of [[["--large-pipes"], 1 << 20], [[], 1 << 16]] as const) {
  Deno.test(`sandbox ${options.join()} starts a program with pipes of ${bytes} bytes`, async () => {
    const F_GETPIPE_SZ = 1032;
    const child = new Deno.Command(SANDBOX, {
      args: [
        ...options,
        "/usr/bin/python3",
        "-c",
        `import fcntl; print(*(fcntl.fcntl(fd, ${F_GETPIPE_SZ}) for fd in (0, 1)))`,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    await child.stdin.close();
    const { stdout } = await child.output();
    assert.equal(new TextDecoder().decode(stdout), `${bytes} ${bytes}\n`);
  });
}

/** What no option allows. */
const NEVER = [
  "remove a file",
  "start a process",
  "send a signal",
  "wait for connections",
  "send raw packets",
  "inspect a process",
  "mount",
  "enter another namespace",
  ...["tgkill", "prlimit64", "setpriority", "sched_setaffinity", "sched_setscheduler"],
  ...["renameat", "removexattr", "shmget", "msgget", "fchmodat2"],
];

Deno.test("sandbox refuses files, connections and processes without an option", async () => {
  const lines = await attack();
  for (const name of [...NEVER, "write a file", "write an allowed file", "open a connection"]) {
    assert.ok(lines.has(`${name} refused`), name);
  }
  assert.ok(lines.has("core 0 0"));
  assert.ok(lines.has(`memory ${4 * 2 ** 30}`));
  assert.ok(lines.has("no new privileges 1"));
  assert.ok(lines.has("end itself done"));
});

Deno.test("sandbox --network allows connections to others, and no files", async () => {
  const lines = await attack("--network");
  assert.ok(lines.has("open a connection done"));
  for (const name of [...NEVER, "write a file"]) assert.ok(lines.has(`${name} refused`), name);
});

Deno.test("sandbox --read and --write allow the named files", async () => {
  const reading = await attack("--read=FOLDER/allowed");
  assert.ok(reading.has("read a file that is allowed done"));
  const writing = await attack("--write=FOLDER/output");
  assert.ok(writing.has("write an allowed file done"));
  assert.ok(writing.has("open a connection refused"));
  assert.ok(writing.has("start a process refused"));
});

Deno.test({
  name: "sandbox refuses all other files by Landlock",
  ignore: !hasLandlock,
  async fn() {
    const lines = await attack("--read=FOLDER/allowed", "--write=FOLDER/output", "--network");
    assert.ok(lines.has("read a file of the user refused"));
    assert.ok(lines.has("write a file refused"));
  },
});

Deno.test("sandbox --listen allows a server, and no connections to others", async () => {
  const lines = await attack("--listen=4242");
  assert.ok(lines.has("wait for connections done"));
  const refused = NEVER.filter((name) => name !== "wait for connections");
  for (const name of [...refused, "write a file", "open a connection"]) {
    assert.ok(lines.has(`${name} refused`), name);
  }
});

Deno.test("sandbox --listen has a process group of its own, which Ctrl-C does not reach", async () => {
  const groupOf = async (...options: string[]) => {
    const code = "import os; print(os.getpgrp() == os.getpid())";
    const { stdout } = await new Deno.Command(SANDBOX, {
      args: [...options, "/usr/bin/python3", "-c", code],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  assert.equal(await groupOf("--listen=4242"), "True");
  assert.equal(await groupOf("--network"), "False");
});

Deno.test("sandbox ends a program that executes another one", async () => {
  const program = `import os; print("before", flush=True); os.execv("/bin/true", ["true"])`;
  const { signal, stdout } = await new Deno.Command(SANDBOX, {
    args: ["/usr/bin/python3", "-c", program],
    stderr: "null",
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "before\n");
  assert.equal(signal, "SIGSYS");
});

Deno.test("sandbox ends its program when the process that started it ends", async () => {
  const code = `const child = new Deno.Command("${SANDBOX}", {
    args: ["/usr/bin/sleep", "1000"], stdin: "null", stdout: "null", stderr: "null",
  }).spawn(); console.log(child.pid); await new Promise((done) => setTimeout(done, 1e6));`;
  const parent = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    stdout: "piped",
  }).spawn();
  const reader = parent.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const pid = Number((await reader.read()).value);
  const isAlive = () => {
    try {
      return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
    } catch {
      return false;
    }
  };
  assert.ok(isAlive());
  parent.kill("SIGKILL");
  await parent.status;
  await reader.cancel();
  await waitFor("the end of the program", () => !isAlive());
});

Deno.test("sandbox explains its usage, and reports a program that it cannot start", async () => {
  const run = async (...args: string[]) => {
    const { code, stderr } = await new Deno.Command(SANDBOX, { args }).output();
    return [code, new TextDecoder().decode(stderr)] as const;
  };
  const wrong = ["0", "65536", "", "1x"].map((port) => [`--listen=${port}`, "true"]);
  for (const args of [[], ["--network"], ["--other", "true"], ...wrong]) {
    const [code, text] = await run(...args);
    assert.equal(code, 64);
    assert.match(text, /^Usage: sandbox /);
  }
  assert.deepEqual(await run("/absent"), [
    126,
    "sandbox: Cannot start the program: No such file or directory\n",
  ]);
  assert.deepEqual(await run("absent_program"), [
    126,
    "sandbox: Cannot find the program: No such file or directory\n",
  ]);
});
