import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url).pathname;
const SELF = "tests/unit/dialect_test.ts";

/** Identifiers that were renamed, with the name to use. Matched as whole words, case-sensitive. */
const IDENTIFIERS: Readonly<Record<string, string>> = {
  WayOut: "output, publisher",
  openWayOut: "openOutput",
  wayOut: "output, publisher",
  Unsure: "RecentAcks",
  unsure: "recent acknowledgements",
  Patience: "TimeoutTracker",
  partingWords: "rejectionReason",
  Audience: "SubscriberPresence",
  Arrivals: "DeliveryStats",
  MetricLane: "MetricQueue",
  FrameLane: "FrameQueue",
  LaneContext: "QueueContext",
  UnderWay: "InFlight",
  underWay: "inFlight",
  LinkLoad: "CongestionController",
  Reduction: "RateController",
  RoundTrip: "RttEstimator",
  Gaze: "DetectionScheduler, SearchRegion",
  GazeState: "SearchRegion",
  LookOptions: "DetectionOptions",
  curious: "tentative",
  believed: "confirmed",
  Moment: "EstimateContext",
  Witness: "AuxiliarySignal",
  witness: "auxiliary signal",
  untold: "pending",
  ToWall: "ToEpoch",
  toWall: "toEpoch",
  PulseRecorder: "PulseWindowBuffer",
  BeatTrail: "BeatSeries",
  TrailBeat: "Beat",
  HrvWatch: "HrvEstimator",
  ApneaWatch: "ApneaDetector",
  StatusHold: "StatusDebouncer",
  Announcer: "EnvelopeFactory",
  CommandIntake: "CommandHandler",
  Surroundings: "dependencies, context",
  surroundings: "dependencies, context",
  wishes: "settings",
  CameraWishes: "CameraSettings",
  DEFAULT_WISHES: "DEFAULT_SETTINGS",
  troubles: "errors",
  findTurns: "findExtrema",
  refineTurn: "refineExtremum",
  turnBack: "undo the rotation",
  Voter: "PulseMethod",
  VOTERS: "PULSE_METHODS",
  WeighedVote: "WeightedSignal",
  undertoneDb: "subharmonicDb",
  evennessDb: "amplitude stability",
  vetoOf: "rejectionReason",
  PlacedWave: "RegionSignal",
  placeOf: "regionOf",
  Handing: "credential transfer",
  handingOf: "credential transfer",
  handingLine: "credential transfer",
  stallOf: "detectStall",
  whereOf: "say of what",
  coarserFor: "say of what",
};

/** Phrases to avoid, with the term to use. Matched as whole words, in any case. */
const PHRASES: Readonly<Record<string, string>> = {
  "under way": "in flight, in progress",
  told: "published, reported, shown",
  untold: "pending",
  tells: "reports, shows",
  nobody: "name the actor: no subscriber, no client",
  somebody: "name the actor: a subscriber, a client",
  whoever: "name the actor: the operator, a client",
  everybody: "name the actor: all subscribers, all users",
  "beats together": "is in phase",
  "beat together": "are in phase",
  "so long,": "name the quantity",
  "so many": "name the quantity",
  "so much of": "name the quantity",
  "is sick": "fails",
  unwell: "unhealthy",
  "pictures/s": "frames per second",
  "a look": "a detection",
  "looks at the": "detects, checks, reads",
  "made-up": "synthetic",
  "at hand": "available",
};

/** Files of others or made by generators; a generator's input is in the tree and is checked. */
const EXCLUDED = [/\/gen\//, /^LICENSE$/, /^deno\.lock$/, /^scripts\/pack\/licenses\//];
const EXTENSIONS = /\.(?:ts|js|mjs|c|h|py|md|html|sh)$/;
const SHELL_SCRIPT = /^#!.*\bsh\b/;

/** Between two words of a phrase: blanks, a line break before a comment, or joined strings. */
const GAP = String.raw`(?:\s*\n\s*(?:\/\/|\*|#|>)?\s*|\s*["'\x60]\s*\+?\s*["'\x60]\s*|[ \t]+)`;

interface Occurrence {
  readonly line: number;
  readonly found: string;
  readonly instead: string;
}

function patternOf(words: Readonly<Record<string, string>>, flags: string): RegExp {
  const escaped = Object.keys(words).map((word) =>
    word.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&").replaceAll(" ", GAP)
  );
  return new RegExp(String.raw`(?<![\w-])(?:${escaped.join("|")})(?![\w-])`, flags);
}

const IDENTIFIER_PATTERN = patternOf(IDENTIFIERS, "g");
const PHRASE_PATTERN = patternOf(PHRASES, "gi");

/** The words of one table in `text`, with the line of each. */
function occurrencesIn(
  text: string,
  words: Readonly<Record<string, string>>,
  pattern: RegExp,
): Occurrence[] {
  return Array.from(text.matchAll(pattern), ({ 0: match, index }) => {
    const found = match.replaceAll(new RegExp(GAP, "g"), " ");
    return {
      line: text.slice(0, index).split("\n").length,
      found,
      instead: words[found] ?? words[found.toLowerCase()] ?? "",
    };
  });
}

/** The tracked sources and documents, with their text. */
function* trackedFiles(): Generator<{ readonly path: string; readonly text: string }> {
  const { success, stdout, stderr } = new Deno.Command("git", {
    // The checkout may belong to another user than the one who runs the tests.
    args: ["-c", "safe.directory=*", "ls-files", "-z"],
    cwd: ROOT,
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  for (const path of new TextDecoder().decode(stdout).split("\0")) {
    if (!path || path === SELF || EXCLUDED.some((pattern) => pattern.test(path))) continue;
    const hasExtension = /\.[^/]+$/.test(path);
    if (hasExtension && !EXTENSIONS.test(path)) continue;
    const text = readText(path);
    if (text !== undefined && (hasExtension || SHELL_SCRIPT.test(text))) yield { path, text };
  }
}

/** Undefined for a file that was deleted and not committed yet. */
function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(ROOT + path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const FILES = [...trackedFiles()];

function assertNone(words: Readonly<Record<string, string>>, pattern: RegExp): void {
  const lines = FILES.flatMap(({ path, text }) =>
    occurrencesIn(text, words, pattern).map(({ line, found, instead }) =>
      `${path}:${line}: '${found}': write: ${instead}`
    )
  );
  assert.equal(lines.length, 0, `${lines.length} found:\n${lines.join("\n")}`);
}

Deno.test("source tree uses no identifier that was renamed", () => {
  assertNone(IDENTIFIERS, IDENTIFIER_PATTERN);
});

Deno.test("source tree uses no phrase that the glossary replaces", () => {
  assertNone(PHRASES, PHRASE_PATTERN);
});

Deno.test("trackedFiles() yields sources, documents and scripts without an extension", () => {
  const paths = FILES.map(({ path }) => path);
  for (const path of ["main.ts", "README.md", "docs/FLAGS.md", "scripts/setup", "ffi/library.ts"]) {
    assert(paths.includes(path), path);
  }
  assert(!paths.some((path) => path.includes("/gen/") || path === "deno.lock"));
});

Deno.test("occurrencesIn() finds phrases in any case and across lines, comments and strings", () => {
  const phrases = (text: string) =>
    occurrencesIn(text, PHRASES, PHRASE_PATTERN).map(({ line, found }) => `${line} ${found}`);
  assert.deepEqual(phrases("ok\n// Nobody came."), ["2 Nobody"]);
  assert.deepEqual(phrases("/**\n * frames under\n * way\n */"), ["2 under way"]);
  assert.deepEqual(phrases("// beats\n  // together"), ["1 beats together"]);
  assert.deepEqual(phrases("# so\n# many"), ["1 so many"]);
  assert.deepEqual(phrases('"so much " +\n  "of it"'), ["1 so much of"]);
  assert.deepEqual(phrases("30 pictures/s, not so long, and a\nlook"), [
    "1 pictures/s",
    "1 so long,",
    "1 a look",
  ]);
});

Deno.test("occurrencesIn() leaves parts of words and words between other signs alone", () => {
  const text = "a look-up, retold, foretells, so long as, at handlers; is(sick); a * look";
  assert.deepEqual(occurrencesIn(text, PHRASES, PHRASE_PATTERN), []);
  const code = "const unsureness = #untold_rows + LinkLoads + moment;";
  assert.deepEqual(occurrencesIn(code, IDENTIFIERS, IDENTIFIER_PATTERN), []);
});
