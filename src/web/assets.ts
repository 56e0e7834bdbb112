import app from "./page/app.js" with { type: "text" };
import chart from "./page/chart.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import index from "./page/index.html" with { type: "text" };
import login from "./page/login.html" with { type: "text" };
import reasons from "./page/reasons.js" with { type: "text" };
import style from "./page/style.css" with { type: "text" };
import format from "./page/format.js" with { type: "text" };

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const SCRIPT = "text/javascript; charset=utf-8";
const HTML = "text/html; charset=utf-8";

/** The files of the web page by path, embedded in the program. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/", { type: HTML, text: index }],
  ["/login.html", { type: HTML, text: login }],
  ["/style.css", { type: "text/css; charset=utf-8", text: style }],
  ["/icon.svg", { type: "image/svg+xml", text: icon }],
  ["/app.js", { type: SCRIPT, text: app }],
  ["/chart.js", { type: SCRIPT, text: chart }],
  ["/reasons.js", { type: SCRIPT, text: reasons }],
  ["/format.js", { type: SCRIPT, text: format }],
]);
