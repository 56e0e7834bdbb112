import type { ChromiumPage } from "./chromium.ts";
import { waitFor } from "./wait.ts";

/** Reads the page as a user sees it. */
export class PageProbe {
  readonly page: ChromiumPage;

  constructor(page: ChromiumPage) {
    this.page = page;
  }

  /** Waits until an expression is true in the page. */
  async sees(what: string, expression: string, timeoutMs = 20_000): Promise<void> {
    await waitFor(what, () => this.page.evaluate<boolean>(`Boolean(${expression})`), {
      timeoutMs,
      pollMs: 50,
    });
  }

  /** Waits until an element contains a text. */
  async reads(selector: string, text: string, timeoutMs?: number): Promise<void> {
    const found = `document.querySelector(${JSON.stringify(selector)})?.innerText`;
    await this.sees(
      `${selector}: ${text}`,
      `(${found} ?? "").includes(${JSON.stringify(text)})`,
      timeoutMs,
    );
  }

  async text(selector: string): Promise<string> {
    return await this.page.evaluate(
      `document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`,
    );
  }

  async click(selector: string): Promise<void> {
    await this.page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.press(key);
  }

  /** Waits until the overview begins with these tiles. */
  async hasFirstTiles(...names: readonly string[]): Promise<void> {
    const devices = "[...document.querySelectorAll('.tile')].map(({ dataset }) => dataset.device)";
    const first = JSON.stringify(names);
    await this.sees(
      `${first} first`,
      `JSON.stringify(${devices}.slice(0, ${names.length})) === ${JSON.stringify(first)}`,
    );
  }

  /** Waits until the overview has this many tiles, each with a pulse. */
  async hasTiles(count: number): Promise<void> {
    const filled = "[...document.querySelectorAll('.tile .numbers .pulse')]" +
      ".filter(({ textContent }) => Number(textContent) > 0).length";
    await this.sees(`${count} tiles`, `${filled} === ${count}`, 60_000);
  }
}
