import type { KeyPair } from "./certificates.ts";
import { freePort } from "./free_port.ts";
import { Program, PYTHON } from "./program.ts";
import { waitFor } from "./wait.ts";

const SCRIPT = new URL("smtp_server.py", import.meta.url).pathname;

/** A mail as the server has received it. */
export interface ReceivedMail {
  readonly tls: boolean;
  /** The name in EHLO. */
  readonly client: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface SmtpServerOptions {
  readonly mode: "starttls" | "tls" | "plain" | "reject" | "busy";
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** For the modes with TLS. */
  readonly certificate?: KeyPair;
  /** @default a free port */
  readonly port?: number;
}

/** aiosmtpd, an SMTP server in Python, until it is disposed. */
export class SmtpServer implements AsyncDisposable {
  readonly port: number;
  readonly #program: Program;

  constructor({ mode, host = "127.0.0.1", certificate, port = freePort() }: SmtpServerOptions) {
    this.port = port;
    const { cert, key } = certificate ?? { cert: "-", key: "-" };
    this.#program = new Program(PYTHON, [SCRIPT, host, `${port}`, mode, cert, key]);
  }

  static async start(options: SmtpServerOptions): Promise<SmtpServer> {
    const server = new SmtpServer(options);
    await server.#program.prints("ready");
    return server;
  }

  get mails(): readonly ReceivedMail[] {
    return this.#program.output.split("\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  }

  /** Waits for this number of mails. */
  async receives(count: number, timeoutMs = 40_000): Promise<readonly ReceivedMail[]> {
    await waitFor(`${count} mails`, () => this.mails.length >= count, { timeoutMs });
    return this.mails;
  }

  freeze(): void {
    this.#program.kill("SIGSTOP");
  }

  thaw(): void {
    this.#program.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}
