/** Entry point of the script of the login page: sends the token that the address contains. */
import { takeAddressToken } from "./model/address_token.ts";

if (typeof document !== "undefined") {
  const token = takeAddressToken({ location, history });
  const input = document.querySelector<HTMLInputElement>("input[name=token]");
  if (token !== undefined && input?.form) {
    input.value = token;
    input.form.requestSubmit();
  }
}
