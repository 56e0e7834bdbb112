import assert from "node:assert/strict";

/** The rooms of `src` from left to right: a room imports only from itself and from its left. */
const ROOMS = [
  ["base"],
  ["telemetry", "config"],
  ["capture"],
  ["vision"],
  ["vitals"],
  ["envelopes"],
  ["frames", "control", "alarms"],
  ["delivery"],
  ["transports"],
  ["web", "validation", "recording", "database", "alerting", "fhir", "fleet", "installation"],
  ["app"],
  ["commands"],
] as const;

/** The only places that may call native code. */
const NATIVE_CALLERS = [
  "src/capture/",
  "src/vision/",
  "src/frames/",
  "src/transports/grpc/",
  "src/transports/lsl/",
  "src/vitals/pulse/rate_network/",
];

/** No room of `src` holds more than this share of its lines, generated files aside. */
const MAX_ROOM_SHARE = 0.2;

const ROOT = new URL("../../", import.meta.url).pathname;

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(ROOT + folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(path);
    else if (path.endsWith(".ts") && !path.includes("/gen/")) yield path;
  }
}

const FILES = [...sourceFiles("src"), ...sourceFiles("ffi")];

function importsOf(path: string): string[] {
  const text = Deno.readTextFileSync(ROOT + path);
  const found = text.matchAll(/(?:from\s+|import\s+|import\(\s*)"(\.[^"]+)"/g);
  return [...found].map(([, specifier]) =>
    new URL(specifier ?? "", `file://${ROOT}${path}`).pathname.slice(ROOT.length)
  );
}

const roomOf = (path: string) => path.startsWith("ffi/") ? "ffi" : path.split("/")[1] ?? "";
const floorOf = (room: string) =>
  ROOMS.findIndex((floor) => (floor as readonly string[]).includes(room));

Deno.test("import graph has no arrow to the right", () => {
  const wrong = FILES.flatMap((path) =>
    importsOf(path)
      .filter((target) => !isAllowed(path, target))
      .map((target) => `${path} -> ${target}`)
  );
  assert.deepEqual(wrong, []);
});

function isAllowed(path: string, target: string): boolean {
  const [from, to] = [roomOf(path), roomOf(target)];
  if (from === to) return true;
  if (to === "ffi") return NATIVE_CALLERS.some((place) => path.startsWith(place));
  if (from === "ffi") return floorOf(to) <= floorOf("config");
  return floorOf(to) < floorOf(from);
}

Deno.test("import graph has no cycle", () => {
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    state.set(path, "open");
    for (const target of importsOf(path)) {
      if (target.endsWith(".ts") && !target.includes("/gen/")) visit(target, [...trail, path]);
    }
    state.set(path, "done");
  };
  for (const path of FILES) visit(path, []);
  assert.deepEqual(cycles, []);
});

Deno.test("import graph knows every room, and none is over a fifth of src", () => {
  const lines = new Map<string, number>();
  for (const path of FILES.filter((path) => path.startsWith("src/"))) {
    const count = Deno.readTextFileSync(ROOT + path).split("\n").length - 1;
    lines.set(roomOf(path), (lines.get(roomOf(path)) ?? 0) + count);
  }
  const total = [...lines.values()].reduce((sum, count) => sum + count, 0);
  assert.deepEqual([...lines.keys()].filter((room) => floorOf(room) < 0), []);
  const large = [...lines].filter(([, count]) => count > MAX_ROOM_SHARE * total);
  assert.deepEqual(large, [], `of ${total} lines`);
});

Deno.test("vitals import no image", () => {
  const wrong = FILES.filter((path) => path.startsWith("src/vitals/"))
    .flatMap((path) =>
      importsOf(path).filter((target) => target.startsWith("src/capture/")).map((t) =>
        `${path} ${t}`
      )
    );
  assert.deepEqual(wrong, []);
});

interface GraphModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier: string };
  }[];
}

Deno.test("main.ts starts without a module of Node, which would take 0.06 s", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: ROOT,
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly roots: readonly string[];
    readonly modules: readonly GraphModule[];
  };
  const bySpecifier = new Map(modules.map((each) => [each.specifier, each]));
  const loaded = new Set(roots);
  for (const specifier of loaded) {
    for (const { isDynamic, code } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code) loaded.add(code.specifier);
    }
  }
  assert.ok(loaded.size > 100, `${loaded.size} modules`);
  assert.deepEqual([...loaded].filter((specifier) => specifier.startsWith("node:")), []);
});
