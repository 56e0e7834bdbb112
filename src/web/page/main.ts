/** Entry point of the script of the page. */
import { App } from "./app.ts";
import { takeAddressToken } from "./model/address_token.ts";

if (typeof document !== "undefined") {
  // The browser is logged in already.
  takeAddressToken({ location, history });
  new App();
}
