import { Program } from "./program.ts";

const CHROMIUM = "/usr/bin/chromium";

export function hasChromium(): boolean {
  try {
    return Deno.statSync(CHROMIUM).isFile;
  } catch {
    return false;
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export interface PageOptions {
  /** True to accept a certificate of an unknown authority. */
  readonly ignoreCertificates?: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** A page in Debian's Chromium, controlled by the DevTools protocol; closed when disposed. */
export class ChromiumPage implements AsyncDisposable {
  readonly #program: Program;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, (message: Message) => void>();
  #lastId = 0;
  /** Console errors, exceptions, violations of the content security policy, failed requests. */
  readonly errors: string[] = [];
  /** URLs of all requests. */
  readonly requests: string[] = [];
  /** Bytes of all finished requests; streams such as events and video are not included. */
  bytes = 0;

  private constructor(program: Program, { folder, socket }: { folder: string; socket: WebSocket }) {
    this.#program = program;
    this.#folder = folder;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
  }

  static async open(
    { width = 1280, height = 800, dark = false, ignoreCertificates = false }: PageOptions = {},
  ): Promise<ChromiumPage> {
    const folder = await Deno.makeTempDir({ prefix: "chromium_test_" });
    const program = new Program(CHROMIUM, [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...ignoreCertificates ? ["--ignore-certificate-errors"] : [],
      `--user-data-dir=${folder}`,
      "--remote-debugging-port=0",
      "about:blank",
    ], { env: { HOME: folder } });
    await program.prints(/DevTools listening on ws:\/\/127\.0\.0\.1:\d+/, 60_000);
    const port = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(program.output)?.[1];
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const target = targets.find(({ type }: { type: string }) => type === "page");
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const page = new ChromiumPage(program, { folder, socket });
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    await page.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await page.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    return page;
  }

  /**
   * Sends a command of the DevTools protocol and returns its result.
   *
   * @throws {Error} if the browser answers with an error
   */
  async send(method: string, params: Record<string, unknown> = {}) {
    const id = ++this.#lastId;
    const response = new Promise<Message>((resolve) => this.#pending.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await response;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  async goto(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
  }

  /** Evaluates an expression in the page and returns its value. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: Value }; exceptionDetails?: { text: string } };
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  /** Types a text, one key after the other. */
  async type(text: string): Promise<void> {
    for (const key of text) await this.press(key);
  }

  /** Presses and releases a key. */
  async press(key: string): Promise<void> {
    const code = { Tab: 9, Enter: 13, " ": 32 }[key] ?? key.charCodeAt(0);
    const text = key === "Enter" ? "\r" : key === "Tab" ? "" : key;
    const common = { key, windowsVirtualKeyCode: code, ...(text ? { text } : {}) };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...common });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...common });
  }

  async screenshot(options: Record<string, unknown> = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", ...options });
    return Uint8Array.fromBase64(String(data));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#program[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  #take({ id, method, params, ...rest }: Message): void {
    if (id !== undefined) {
      this.#pending.get(id)?.(rest);
      this.#pending.delete(id);
    } else if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.errors.push(JSON.stringify(params));
    } else if (method === "Runtime.consoleAPICalled" && params?.["type"] === "error") {
      this.errors.push(JSON.stringify(params["args"]));
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params?.["request"] as { url: string }).url);
    } else if (method === "Network.loadingFinished") {
      this.bytes += Number(params?.["encodedDataLength"]);
    }
  }
}
