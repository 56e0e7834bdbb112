import app from "./page/generated/app.js" with { type: "text" };
import loginScript from "./page/generated/login.js" with { type: "text" };
import trendChart from "./page/generated/trend_chart.js" with { type: "text" };
import trendChartStyle from "./page/generated/trend_chart.css" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import index from "./page/index.html" with { type: "text" };
import login from "./page/login.html" with { type: "text" };
import style from "./page/style.css" with { type: "text" };

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const SCRIPT = "text/javascript; charset=utf-8";
const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";

/** The files of the web page by path, embedded in the program. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/", { type: HTML, text: index }],
  ["/login.html", { type: HTML, text: login }],
  ["/style.css", { type: CSS, text: style }],
  ["/icon.svg", { type: "image/svg+xml", text: icon }],
  ["/app.js", { type: SCRIPT, text: app }],
  ["/login.js", { type: SCRIPT, text: loginScript }],
  // Loaded when trends are first opened.
  ["/trend_chart.js", { type: SCRIPT, text: trendChart }],
  ["/trend_chart.css", { type: CSS, text: trendChartStyle }],
]);
