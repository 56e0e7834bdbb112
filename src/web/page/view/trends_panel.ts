import type { Api } from "../api.ts";
import type { Catalogue } from "../messages/catalogue.ts";
import { formatRange } from "../model/format.ts";
import { chartColumns, type RangeName, RANGES_S } from "../model/trend.ts";
import type { TrendChart } from "../trend_chart.ts";
import { button, element, setAttribute, setText } from "./dom.ts";

export interface TrendsPanelOptions {
  readonly api: Api;
  readonly words: Catalogue;
  /** Whether the server keeps more than the last hour. */
  readonly hasHistory: boolean;
}

/** The server adds a row to a trend every 5 s. */
const REFRESH_MS = 5000;
const HEIGHT_PX = 240;

/** Trends of a device; neither the chart nor the values are loaded before it is opened. */
export class TrendsPanel {
  readonly root: HTMLElement;
  readonly #name: string;
  readonly #options: TrendsPanelOptions;
  readonly #toggle: HTMLButtonElement;
  readonly #body: HTMLElement;
  readonly #plot: HTMLElement;
  readonly #message: HTMLElement;
  readonly #ranges = new Map<RangeName, HTMLButtonElement>();
  readonly #csv: HTMLAnchorElement;
  #range: RangeName = "hour";
  #chart: TrendChart | undefined;
  #nextMs = 0;

  constructor(name: string, options: TrendsPanelOptions) {
    const { words, hasHistory } = options;
    this.#name = name;
    this.#options = options;
    this.#plot = element("div", { class: "plot", role: "img" });
    this.#message = element("p", { class: "trend-message" });
    this.#csv = element("a", {
      class: "as-button",
      "aria-label": words.exportCsv(name),
      download: `${name}.csv`,
    }, "CSV");
    const names: readonly RangeName[] = hasHistory ? ["hour", "day", "week"] : ["hour"];
    for (const range of names) {
      const label = `${words.ranges[range]}, ${name}`;
      const select = button(
        { "aria-label": label },
        () => this.#select(range),
        words.ranges[range],
      );
      this.#ranges.set(range, select);
    }
    const step = (label: string, sign: string, part: number) =>
      button({ "aria-label": `${label}, ${name}` }, () => this.#chart?.pan(part), sign);
    this.#body = element(
      "div",
      { hidden: true },
      element(
        "div",
        { class: "trend-tools" },
        ...this.#ranges.values(),
        step(words.earlier, "←", -0.5),
        step(words.later, "→", 0.5),
        button(
          { "aria-label": `${words.wholeRange}, ${name}` },
          () => this.#chart?.reset(),
          words.wholeRange,
        ),
        this.#csv,
        button({ "aria-label": words.exportPng(name) }, () => void this.#savePng(), "PNG"),
        element("span", { class: "hint" }, words.zoomHint),
      ),
      this.#plot,
      this.#message,
    );
    this.#toggle = button(
      { class: "toggle-trends", "aria-expanded": "false", "aria-label": words.showTrends(name) },
      () => this.#setOpen(this.#body.hidden !== false),
      words.trends,
    );
    this.root = element("section", { class: "trends" }, this.#toggle, this.#body);
  }

  /** Loads new values if the panel is open and some are due. */
  update(): void {
    if (this.#body.hidden !== false || performance.now() < this.#nextMs) return;
    this.#nextMs = performance.now() + REFRESH_MS;
    void this.#load();
  }

  close(): void {
    this.#chart?.destroy();
    this.#chart = undefined;
    this.#body.hidden = true;
  }

  #setOpen(isOpen: boolean): void {
    if (!isOpen) this.close();
    this.#body.hidden = !isOpen;
    this.#toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.#select(this.#range);
  }

  #select(range: RangeName): void {
    this.#range = range;
    for (const [name, select] of this.#ranges) {
      setAttribute(select, "aria-pressed", String(name === range));
    }
    this.#chart?.reset();
    this.#nextMs = performance.now() + REFRESH_MS;
    void this.#load();
  }

  get #fromUs(): number {
    return (Date.now() - RANGES_S[this.#range] * 1000) * 1000;
  }

  async #load(): Promise<void> {
    const { api, words } = this.#options;
    const fromUs = this.#fromUs;
    const query = { device: this.#name, from: String(fromUs), format: "csv" };
    this.#csv.href = api.url("v1/trends", query).href;
    const [answer, chart] = await Promise.all([
      api.trend(this.#name, { fromUs }),
      this.#loadChart().catch(() => undefined),
    ]);
    if (this.#body.hidden) return;
    if (answer.state === "failed" || !chart) return setText(this.#message, words.trendFailed);
    const columns = chartColumns(answer.value);
    const hasValues = [...columns.pulse, ...columns.breathing].some((value) => value !== null);
    setText(this.#message, hasValues ? "" : words.noTrend);
    chart.setWidth(this.#plot.clientWidth);
    chart.setData(columns);
    const [pulse, breathing] = [formatRange(columns.pulse), formatRange(columns.breathing)];
    this.#plot.setAttribute("aria-label", words.trendSummary(this.#name, pulse, breathing));
    this.#plot.dataset["rows"] = String(columns.time.length);
  }

  async #loadChart(): Promise<TrendChart> {
    const { api, words } = this.#options;
    if (!document.querySelector("link[href$='trend_chart.css']")) {
      const href = api.url("trend_chart.css").href;
      document.head.append(element("link", { rel: "stylesheet", href }));
    }
    const { TrendChart } = await import(
      api.url("trend_chart.js").href
    ) as typeof import("../trend_chart.ts");
    return this.#chart ??= new TrendChart(this.#plot, {
      width: this.#plot.clientWidth,
      height: HEIGHT_PX,
      labels: { time: "", pulse: words.pulse, breathing: words.breathing },
    });
  }

  async #savePng(): Promise<void> {
    const png = await this.#chart?.toPng(`${this.#name} · ${new Date().toLocaleString()}`);
    if (!png) return;
    const href = URL.createObjectURL(png);
    const link = element("a", { href, download: `${this.#name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }
}
