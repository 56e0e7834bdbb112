/** Entry point of the script of the page. */
import { App } from "./app.ts";

if (typeof document !== "undefined") new App();
