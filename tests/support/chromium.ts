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

/** What a page emulates. */
interface Emulation {
  readonly width: number;
  readonly height: number;
  readonly dark: boolean;
  readonly reducedMotion: boolean;
  readonly language: string;
}

export interface PageOptions extends Partial<Emulation> {
  /** True to accept a certificate of an unknown authority. */
  readonly ignoreCertificates?: boolean;
}

/** Codes of keys whose code is not that of their character. */
const KEY_CODES: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};

interface Browser {
  readonly program: Program;
  readonly folder: string;
  /** Port of the DevTools protocol. */
  readonly port: number;
}

/** A page in Debian's Chromium, controlled by the DevTools protocol; closed when disposed. */
export class ChromiumPage implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #socket: WebSocket;
  /** Whether the browser ends with this page. */
  readonly #isFirst: boolean;
  readonly #emulation: Emulation;
  readonly #pending = new Map<number, (message: Message) => void>();
  #lastId = 0;
  /** Console errors, exceptions, violations of the content security policy, failed requests. */
  readonly errors: string[] = [];
  /** URLs of all requests. */
  readonly requests: string[] = [];
  /** Bytes of all finished requests; streams such as events and video are not included. */
  bytes = 0;

  private constructor(browser: Browser, { socket, isFirst, emulation }: {
    readonly socket: WebSocket;
    readonly isFirst: boolean;
    readonly emulation: Emulation;
  }) {
    this.#browser = browser;
    this.#socket = socket;
    this.#isFirst = isFirst;
    this.#emulation = emulation;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
  }

  static async open({ ignoreCertificates = false, ...options }: PageOptions = {}) {
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
    const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(program.output)?.[1]);
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const target = targets.find(({ type }: { type: string }) => type === "page");
    const emulation = {
      width: 1280,
      height: 800,
      dark: false,
      reducedMotion: false,
      language: "en-US",
      ...options,
    };
    return await ChromiumPage.#attach({ program, folder, port }, {
      address: target.webSocketDebuggerUrl,
      isFirst: true,
      emulation,
    });
  }

  /** Opens another tab of the same browser, which shares its cookies. */
  async openTab(): Promise<ChromiumPage> {
    const url = `http://127.0.0.1:${this.#browser.port}/json/new?about:blank`;
    const { webSocketDebuggerUrl } = await (await fetch(url, { method: "PUT" })).json();
    return await ChromiumPage.#attach(this.#browser, {
      address: webSocketDebuggerUrl,
      isFirst: false,
      emulation: this.#emulation,
    });
  }

  static async #attach(browser: Browser, { address, ...options }: {
    readonly address: string;
    readonly isFirst: boolean;
    readonly emulation: Emulation;
  }): Promise<ChromiumPage> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const page = new ChromiumPage(browser, { socket, ...options });
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    const { width, height, dark, reducedMotion, language } = options.emulation;
    await page.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await page.send("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
        { name: "prefers-reduced-motion", value: reducedMotion ? "reduce" : "no-preference" },
      ],
    });
    const { userAgent } = await page.evaluate<{ userAgent: string }>(
      "({ userAgent: navigator.userAgent })",
    );
    await page.send("Emulation.setUserAgentOverride", { userAgent, acceptLanguage: language });
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

  /** Process id of the browser. */
  get pid(): number {
    return this.#browser.program.pid;
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
    const code = KEY_CODES[key] ?? key.charCodeAt(0);
    const text = key === "Enter" ? "\r" : key.length > 1 ? "" : key;
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
    if (!this.#isFirst) return;
    await this.#browser.program[Symbol.asyncDispose]();
    await Deno.remove(this.#browser.folder, { recursive: true }).catch(() => {});
  }

  #take({ id, method, params, ...rest }: Message): void {
    if (id !== undefined) {
      this.#pending.get(id)?.(rest);
      this.#pending.delete(id);
    } else if (method === "Runtime.exceptionThrown" || isError(method, params)) {
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

/** Whether a message is an error in the log; others are advice for the authors of a page. */
function isError(method: string | undefined, params: Message["params"]): boolean {
  return method === "Log.entryAdded" && (params?.["entry"] as { level: string }).level === "error";
}
