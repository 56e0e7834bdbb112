import { keepSecret } from "../../base/kept_secret.ts";
import { quoteForShell } from "../../base/shell.ts";
import { findCameras } from "../../capture/cameras.ts";
import type { Log } from "../../telemetry/log.ts";
import {
  type Configuration,
  FLAGS,
  load,
  selectedSources,
  selectedTransport,
  type Settings,
} from "../flags.ts";
import { pageUrlsOf } from "./addresses.ts";
import { findBroker, type FoundBroker } from "./find_broker.ts";
import { chooseInput, type FoundInput } from "./find_input.ts";
import { choosePort } from "./ports.ts";
import { openStateFolder } from "./state_folder.ts";

export interface UpContext extends Pick<Configuration, "settings" | "originOf"> {
  /** The command line, whose first word is the command. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly print: (text: string) => void;
}

/** What `up` starts beside the server, and the configuration of the server. */
export interface Started extends AsyncDisposable {
  readonly configuration: Configuration;
  /** Loads the configuration again. @throws {ExitError} if it is invalid */
  readonly reload: () => Configuration;
  /** Prints the addresses, when the server has opened them. */
  readonly printAddresses: () => void;
}

/** The port of the page, as of `dashboard`, unless it is in use. */
const PAGE_PORT = 8080;
/** Flags that choose the broker; the others, such as the prefix, apply to any. */
const BROKER_FLAGS = [
  "redis_config_path",
  "redis_host",
  "redis_port",
  "redis_username",
  "redis_password",
  "redis_password_file",
  "redis_tls",
  "redis_sentinels",
  "redis_cluster",
];

const SIMULATED = [
  "",
  "**********************************************************************",
  "  SIMULATED: every value comes from a rendered portrait, not from a",
  "  person. The page and all metrics are marked as simulated.",
  "**********************************************************************",
  "",
];

/**
 * Completes what the flags of the user leave open: finds or simulates a camera, finds or starts a
 * broker, chooses a port and a token for the page, and prints what was found.
 *
 * @throws {ExitError} if the settings contradict each other, or something does not start
 */
export async function openUp(context: UpContext): Promise<Started> {
  const { argv: [, ...userFlags], env, settings, log, print } = context;
  const folder = await openStateFolder(env);
  const input = await findInput(settings);
  print(input.lines.join("\n"));
  if (input.isSimulated) print(SIMULATED.join("\n"));
  await using opening = new AsyncDisposableStack();
  const broker = needsBroker(context) ? opening.use(await findBroker({ folder, log })) : undefined;
  const page = await choosePage(context, folder);
  const flags = [...userFlags, ...input.flags, ...brokerFlags(broker), ...page.flags];
  const variables = {
    ...env,
    ...broker?.password && { PHYSIOLOGY_REDIS_PASSWORD: broker.password.value },
    ...page.token !== undefined && { PHYSIOLOGY_HTTP_TOKEN: page.token },
  };
  const reload = () =>
    load(["serve", ...flags], { env: variables, readText: Deno.readTextFileSync });
  const configuration = reload();
  print(broker ? broker.lines.join("\n") : brokerLine(configuration.settings));
  const started = opening.move();
  return {
    configuration,
    reload,
    printAddresses: () => print(addressLines(configuration.settings, broker).join("\n")),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function findInput(settings: Settings): Promise<FoundInput> {
  const [selected] = selectedSources(settings);
  if (!selected) return chooseInput(await findCameras());
  return {
    flags: [],
    isSimulated: selected.name === "simulation",
    lines: [`Camera: ${selected.name}, selected by ${selected.selectedBy.split("=")[0]}`],
  };
}

/** Whether the broker is left open. */
function needsBroker({ settings, originOf }: UpContext): boolean {
  return selectedTransport(settings).name === "redis" &&
    !BROKER_FLAGS.some((name) => isSet(name, originOf));
}

function isSet(name: string, originOf: UpContext["originOf"]): boolean {
  const entry = FLAGS.flagsOf("serve").find(({ flag }) => flag.name === name);
  return entry !== undefined && originOf(entry).kind !== "default";
}

function brokerFlags(broker: FoundBroker | undefined): string[] {
  return broker ? ["--redis_host=127.0.0.1", `--redis_port=${broker.port}`] : [];
}

function brokerLine({ publish, redis }: Settings): string {
  return publish.backend === "redis"
    ? `Broker: the Redis at ${redis.host}:${redis.port}, named by the configuration`
    : `Broker: none, because of --streaming_backend=${publish.backend}`;
}

/** Chooses a free port and keeps the token in a file, unless the user sets them. */
async function choosePage({ settings: { server }, originOf }: UpContext, folder: string) {
  const flags = isSet("http_port", originOf)
    ? []
    : [`--http_port=${choosePort(PAGE_PORT, server.httpAddress)}`];
  if (!server.httpToken.isEmpty) return { flags };
  return { flags, token: (await keepSecret(folder, "http_token")).value };
}

/** The addresses of the page, and how a subscriber reaches the broker. */
function addressLines(settings: Settings, broker?: FoundBroker): string[] {
  const { redis, publish } = settings;
  const password = broker?.password;
  return [
    ...pageUrlsOf(settings).map((url) => `Page:   ${url}`),
    ...publish.backend === "redis"
      ? [
        "",
        "For subscribers, in another terminal:",
        `  export PHYSIOLOGY_REDIS_HOST=${redis.host} PHYSIOLOGY_REDIS_PORT=${redis.port}`,
        ...password
          ? [`  export PHYSIOLOGY_REDIS_PASSWORD=$(cat ${quoteForShell(password.path)})`]
          : [],
      ]
      : [],
    "",
    "Ctrl-C stops everything.",
  ];
}
