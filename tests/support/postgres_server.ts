import type { KeyPair } from "./certificates.ts";
import { ServerProcess } from "./server_process.ts";

const BIN = postgresFolder();

/** Whether Debian's PostgreSQL is installed. */
export const HAS_POSTGRES = BIN !== undefined;

/** The unprivileged user that owns the cluster: PostgreSQL refuses to run as root. */
const ACCOUNT = "65534";
/** The superuser of the cluster, without a password on loopback unless `auth` says otherwise. */
export const ADMIN = "admin";

export interface StartPostgresOptions {
  /** Method of pg_hba.conf for connections over TCP. @default "trust" */
  readonly auth?: "trust" | "scram-sha-256";
  /** Certificate and key with which it accepts TLS. @default without TLS */
  readonly tls?: KeyPair;
}

/** Starts a cluster of its own on 127.0.0.1 until it is disposed. */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const server = new PostgresServer(options);
  try {
    await server.restart();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

/** PostgreSQL, which needs `apt-get install postgresql`. */
export class PostgresServer extends ServerProcess {
  readonly #settings: readonly string[];

  constructor({ auth = "trust", tls }: StartPostgresOptions) {
    super({ name: "postgres" });
    for (const [name, path] of tls ? [["tls.crt", tls.cert], ["tls.key", tls.key]] as const : []) {
      Deno.copyFileSync(path, `${this.folder}/${name}`);
      Deno.chmodSync(`${this.folder}/${name}`, 0o600);
    }
    this.#settings = tls
      ? ["ssl=on", `ssl_cert_file=${this.folder}/tls.crt`, `ssl_key_file=${this.folder}/tls.key`]
      : [];
    run("chown", "-R", ACCOUNT, this.folder);
    // deno-fmt-ignore
    run(
      ...asAccount(), `${BIN}/initdb`, "-D", this.#data, "-U", ADMIN, "-E", "UTF8", "--no-locale",
      "--auth-local=trust", `--auth-host=${auth}`, "--no-sync",
    );
    Deno.writeTextFileSync(`${this.folder}/start`, START, { mode: 0o755 });
  }

  get #data(): string {
    return `${this.folder}/data`;
  }

  /** Starts it again on the same port, and waits until it responds. */
  async restart(): Promise<void> {
    // What a killed server has left: its children end by themselves, later.
    await Deno.remove(`${this.#data}/postmaster.pid`).catch(() => {});
    // deno-fmt-ignore
    await this.start([
      `${this.folder}/start`, this.logPath, ...asAccount(), `${BIN}/postgres`, "-D", this.#data,
      "-k", this.folder, "-h", this.hostname, "-p", `${this.port}`,
      ...this.#settings.flatMap((setting) => ["-c", setting]),
    ], () => Promise.resolve(this.#isReady()));
  }

  /** Value of `--to` for a user and a database. */
  url(user = ADMIN, database = "postgres"): string {
    return `postgres://${user}@${this.hostname}:${this.port}/${database}`;
  }

  /** Runs SQL with psql, an independent client, and returns its output as lines of CSV. */
  query(sql: string): string[] {
    return run(...this.#psql(sql)).split("\n").filter(Boolean);
  }

  /** Runs SQL with psql, beside the test. */
  async run(sql: string): Promise<void> {
    const [program = "", ...args] = this.#psql(sql);
    const { success } = await new Deno.Command(program, { args }).output();
    if (!success) throw new Error(`psql failed: ${sql}`);
  }

  #psql(sql: string): readonly string[] {
    // deno-fmt-ignore
    return [
      `${BIN}/psql`, "-h", this.folder, "-p", `${this.port}`, "-U", ADMIN, "-d", "postgres",
      "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "--csv", "--tuples-only", "-c", sql,
    ];
  }

  /** Stops every process of the server, so that open connections do not respond either. */
  override freeze(): void {
    this.#signal("SIGSTOP");
  }

  override thaw(): void {
    this.#signal("SIGCONT");
  }

  /** Kills it at once, with every connection, like a power cut. */
  override async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await super.kill();
  }

  #signal(signal: Deno.Signal): void {
    for (const pid of this.#processes()) {
      try {
        Deno.kill(pid, signal);
      } catch {
        // It has just ended.
      }
    }
  }

  #processes(): number[] {
    try {
      const children = Deno.readTextFileSync(`/proc/${this.pid}/task/${this.pid}/children`);
      return [this.pid, ...children.split(" ").filter(Boolean).map(Number)];
    } catch {
      return [];
    }
  }

  #isReady(): boolean {
    const args = ["-q", "-h", this.folder, "-p", `${this.port}`];
    return new Deno.Command(`${BIN}/pg_isready`, { args }).outputSync().success;
  }
}

/** Writes the output to the file of the log, which the first argument names. */
const START = '#!/bin/sh\nlog=$1\nshift\nexec "$@" >>"$log" 2>&1\n';

function asAccount(): readonly string[] {
  // setpriv clears the death signal at a change of the user, so that it is set again.
  return Deno.uid() === 0
    ? ["setpriv", "--reuid", ACCOUNT, "--regid", "nogroup", "--clear-groups", "--pdeathsig", "KILL"]
    : [];
}

function postgresFolder(): string | undefined {
  try {
    const versions = [...Deno.readDirSync("/usr/lib/postgresql")].map(({ name }) => Number(name));
    return versions.length === 0 ? undefined : `/usr/lib/postgresql/${Math.max(...versions)}/bin`;
  } catch {
    return undefined;
  }
}

function run(program: string | undefined = "", ...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args: [...args] }).outputSync();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
