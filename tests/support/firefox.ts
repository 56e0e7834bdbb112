import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { existsSync } from "node:fs";

const FIREFOX = "/usr/bin/firefox-esr";

export function hasFirefox(): boolean {
  return existsSync(FIREFOX);
}

/** A page in Debian's Firefox ESR, controlled by WebDriver BiDi; closed when disposed. */
export class FirefoxPage implements AsyncDisposable {
  readonly page: Page;
  readonly #browser: Browser;
  /** Errors of the console and exceptions. */
  readonly errors: string[] = [];

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
  }

  static async open({ width = 1920, height = 1080 } = {}): Promise<FirefoxPage> {
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: FIREFOX,
      acceptInsecureCerts: true,
      defaultViewport: { width, height },
      extraPrefsFirefox: { "browser.safebrowsing.update.enabled": false },
    });
    return new FirefoxPage(browser, await browser.newPage());
  }

  /** Evaluates an expression in the page and returns its value. */
  async evaluate<Value>(expression: string): Promise<Value> {
    return await this.page.evaluate(expression) as Value;
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key as "Enter");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
