/**
 * Attacks the program, and prints one row for each attack with its outcome: every test in
 * `tests/attack`, and the tests elsewhere that `ELSEWHERE` names. Fails if an attack succeeds.
 *
 *     ./scripts/attack
 *     ./scripts/attack grpc      # only the modules whose path contains the word
 */
import { TEST_COMMAND, testModules } from "./testing/modules.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** Attacks that are tested beside the unit that they attack: a module, and the names of the tests. */
const ELSEWHERE: readonly (readonly [path: string, names: RegExp])[] = [
  ["tests/fuzz/transports/grpc/socket_test.ts", /GrpcServer/],
  ["tests/fuzz/transports/http/messages_test.ts", /takeMessage/],
  ["tests/fuzz/transports/http/request_test.ts", /HttpServer/],
  ["tests/fuzz/capture/nut_demuxer_test.ts", /damaged bytes|random bytes/],
  ["tests/integration/sandbox_test.ts", /sandbox/],
  ["tests/integration/capture/ffmpeg_isolation_test.ts", /openFfmpegSource/],
  ["tests/integration/capture/ffmpeg_tls_test.ts", /sends no credential/],
  ["tests/integration/capture/ffmpeg_credentials_test.ts", /openFfmpegSource/],
  [
    "tests/unit/transports/grpc/connection_test.ts",
    /10 s for the client's|not complete|128 concurrent|16 KiB|floods it/,
  ],
  [
    "tests/unit/web/http_server_test.ts",
    /Host other than loopback|rejects all others|sends nothing for/,
  ],
];

interface Row {
  readonly attack: string;
  readonly outcome: "repelled" | "SUCCEEDED" | "not tried";
  readonly error: string;
}

/** Runs a module of tests, of which `names` selects those to run. */
async function attack(path: string, names?: RegExp): Promise<Row[]> {
  const [program, ...args] = TEST_COMMAND;
  const filter = names ? [`--filter=/${names.source}/`] : [];
  const { stdout, stderr } = await new Deno.Command(program, {
    args: [...args, "--quiet", "--reporter=junit", ...filter, path],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const rows = rowsOf(new TextDecoder().decode(stdout))
    .filter(({ attack }) => names?.test(attack) ?? true);
  if (rows.length > 0) return rows;
  return [{ attack: path, outcome: "SUCCEEDED", error: new TextDecoder().decode(stderr) }];
}

/** Reads the test cases of a report in the format of JUnit, with those that a filter left out. */
function rowsOf(report: string): Row[] {
  const cases = report.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs);
  return [...cases].map(([, name = "", body = ""]) => {
    const outcome = body.includes("<failure")
      ? "SUCCEEDED"
      : body.includes("<skipped")
      ? "not tried"
      : "repelled";
    return { attack: unescapeXml(name), outcome, error: unescapeXml(body) };
  });
}

function unescapeXml(text: string): string {
  const characters = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" } as const;
  return text.replaceAll(/&#x?(\w+);/g, (whole, code) => {
    const point = parseInt(code, whole.startsWith("&#x") ? 16 : 10);
    return String.fromCodePoint(point);
  }).replaceAll(
    /&(lt|gt|quot|apos|amp);/g,
    (_whole, name: keyof typeof characters) => characters[name],
  );
}

const [word = ""] = Deno.args;
const modules: (readonly [path: string, names?: RegExp])[] = [
  ...testModules("tests/attack").map((path) => [path] as const),
  ...ELSEWHERE,
].filter(([path]) => path.includes(word));
const counts = { "repelled": 0, "SUCCEEDED": 0, "not tried": 0 };
for (const [path, names] of modules) {
  for (const { attack: name, outcome, error } of await attack(path, names)) {
    counts[outcome]++;
    console.log(`${outcome.padEnd(9)}  ${name}`);
    if (outcome === "SUCCEEDED") console.error(error);
  }
}
console.log(
  Object.entries(counts).map(([outcome, count]) => `${count} ${outcome.toLowerCase()}`).join(", "),
);
Deno.exit(counts.SUCCEEDED > 0 || counts.repelled === 0 ? 1 : 0);
