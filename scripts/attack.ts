/**
 * Attacks the program, and prints a table of the attacks with their tests and outcomes. Fails if one
 * succeeds, or if the table lacks a module of `tests/attack`.
 *
 *     ./scripts/attack
 *     ./scripts/attack grpc      # only the modules whose path contains the word
 */
import { TEST_COMMAND, testModules } from "./testing/modules.ts";

const ROOT = new URL("../", import.meta.url).pathname;

interface Attack {
  /** What the attacker is or tries; one section of the table. */
  readonly title: string;
  /** Modules, each with the names of its tests; without names, all. */
  readonly tests: readonly (readonly [path: string, names?: RegExp])[];
}

const ATTACKS: readonly Attack[] = [
  {
    title: "hostile video, playlist or container",
    tests: [
      ["tests/integration/capture/ffmpeg_isolation_test.ts", /in place of a video/],
      ["tests/integration/capture/ffmpeg_builds_test.ts", /has few decoders/],
      ["tests/fuzz/capture/nut_demuxer_test.ts", /damaged bytes|random bytes/],
    ],
  },
  {
    title: "a video that takes over ffmpeg",
    tests: [
      ["tests/integration/sandbox_test.ts", /sandbox/],
      ["tests/integration/capture/ffmpeg_isolation_test.ts", /passes no secret/],
    ],
  },
  {
    title: "man in the middle on the TLS of a camera",
    tests: [["tests/integration/capture/ffmpeg_tls_test.ts"]],
  },
  {
    title: "credentials of a camera, for a local user or subscriber",
    tests: [
      ["tests/integration/capture/ffmpeg_credentials_test.ts"],
      ["tests/unit/installation/plan_test.ts", /URL of a camera for root alone/],
      ["tests/unit/config/secret_test.ts", /maskUrls|omitUrls/],
    ],
  },
  {
    title: "guessed or short tokens, HTTP without TLS",
    tests: [["tests/attack/http_token_test.ts"]],
  },
  {
    title: "local user who exhausts gRPC, floods of HTTP/2",
    tests: [
      ["tests/attack/grpc_streams_test.ts"],
      ["tests/attack/http2_floods_test.ts"],
      ["tests/fuzz/transports/grpc/socket_test.ts"],
      [
        "tests/unit/transports/grpc/connection_test.ts",
        /10 s for the client's|not complete|128 concurrent|16 KiB|floods it/,
      ],
    ],
  },
  {
    title: "listener on the network, for passwords, faces and vital signs",
    tests: [
      ["tests/attack/redis_plaintext_test.ts"],
      ["tests/unit/delivery/frame_demand_test.ts"],
    ],
  },
  {
    title: "hostile messages to record and dashboard",
    tests: [
      ["tests/attack/envelopes_test.ts"],
      ["tests/fuzz/transports/http/messages_test.ts"],
    ],
  },
  {
    title: "hostile broker",
    tests: [
      ["tests/attack/redis_replies_test.ts"],
      ["tests/unit/transports/redis/reply_guard_test.ts", /reports|garbage/],
      ["tests/attack/mqtt_broker_test.ts"],
    ],
  },
  {
    title: "poisoned folder of an unpacked program",
    tests: [[
      "tests/integration/pack/launcher_test.ts",
      /unpacks again after|other users can write|damaged program/,
    ]],
  },
  {
    title: "files, the spool and the disk of another user or a thief",
    tests: [
      ["tests/integration/app/private_files_test.ts"],
      ["tests/attack/poisoned_spool_test.ts"],
      ["tests/attack/spool_at_rest_test.ts"],
      ["tests/attack/recordings_at_rest_test.ts"],
    ],
  },
  { title: "log lines of an attacker", tests: [["tests/attack/log_test.ts"]] },
  {
    title: "neighbor who holds the connections of HTTP",
    tests: [
      ["tests/attack/http_connections_test.ts"],
      ["tests/unit/web/http_server_test.ts", /sends nothing for/],
    ],
  },
  {
    title: "program that is taken over, with its permissions",
    tests: [
      ["tests/integration/commands/permissions_test.ts"],
      ["tests/unit/app/permissions_test.ts", /no native code|nothing else|only/],
      ["tests/unit/installation/unit_exposure_test.ts"],
    ],
  },
  {
    title: "rights of cron, errors in memory, secrets in the list of processes",
    tests: [
      ["tests/unit/installation/plan_test.ts", /cron run the program without root/],
      ["tests/integration/pack/hardening_test.ts"],
      ["tests/integration/pack/launcher_test.ts", /hides every secret|wipes secrets/],
    ],
  },
  {
    title: "what leaves the device, downloads",
    tests: [
      ["tests/integration/app/sockets_test.ts"],
      ["tests/integration/frames/blurred_faces_test.ts"],
      ["tests/integration/pack/sign_test.ts"],
    ],
  },
  {
    title: "web page: scripts, paths, other sites, names that resolve here",
    tests: [
      ["tests/attack/web_page_test.ts"],
      ["tests/attack/stream_test.ts"],
      ["tests/fuzz/transports/http/request_test.ts"],
      ["tests/unit/web/http_server_test.ts", /Host other than loopback|rejects all others/],
    ],
  },
  { title: "inputs that were found by fuzzing", tests: [["tests/fuzz/corpus_test.ts"]] },
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

const named = new Set(ATTACKS.flatMap(({ tests }) => tests.map(([path]) => path)));
const missing = testModules("tests/attack").filter((path) => !named.has(path));
if (missing.length > 0) {
  console.error(`attack: The table lacks ${missing.join(", ")}`);
  Deno.exit(70);
}
const [word = ""] = Deno.args;
const counts = { "repelled": 0, "SUCCEEDED": 0, "not tried": 0 };
for (const { title, tests } of ATTACKS) {
  const selected = tests.filter(([path]) => path.includes(word));
  if (selected.length > 0) console.log(`\n${title}`);
  for (const [path, names] of selected) {
    for (const { attack: name, outcome, error } of await attack(path, names)) {
      counts[outcome]++;
      console.log(`  ${outcome.padEnd(9)}  ${name}  (${path})`);
      if (outcome === "SUCCEEDED") console.error(error);
    }
  }
}
console.log(
  `\n${
    Object.entries(counts).map(([outcome, count]) => `${count} ${outcome.toLowerCase()}`).join(", ")
  }`,
);
Deno.exit(counts.SUCCEEDED > 0 || counts.repelled === 0 ? 1 : 0);
