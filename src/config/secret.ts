const MASK = "***";

/**
 * A password or token that is masked in logs, errors, JSON and `Deno.inspect()`. Only `reveal()`
 * returns its text.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** True if no secret is set: no authentication. */
  get isEmpty(): boolean {
    return this.#text === "";
  }

  /** Returns the text. Call it only to pass the secret to the service that requires it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return this.isEmpty ? "" : MASK;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return JSON.stringify(this.toString());
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return JSON.stringify(this.toString());
  }
}

/** The absence of a secret. */
export const NO_SECRET = new Secret("");

/**
 * Masks the user information and the query values of all URLs in a text, as both may be credentials
 * of a camera. Everything up to the last `@` counts as user information, because a password that is
 * not escaped may contain any character.
 */
export function maskUrls(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)(\S+)/gi, (_url, scheme, rest) => {
    const masked = rest.replace(USER_INFORMATION, `${MASK}@`)
      .replace(/\?[^#]*/, (query: string) => query.replace(QUERY_VALUE, `$1${MASK}`));
    return scheme + masked;
  });
}

/** The second case is a password with a question mark: what follows the colon is no port. */
const USER_INFORMATION = /^(?:[^?]*@|[^/?#]+:(?!\d+(?:[/?#]|$)).*@)/;
/** A value, or a parameter without a name. Punctuation of the text around the URL may follow. */
const QUERY_VALUE = /([?&;](?:[^=&;]*=)?)[^&;]*?(?=["']?[,:]?$|[&;])/g;

/** Replaces all URLs in a text by `the stream`. */
export function omitUrls(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/\S*?(?=["']?[,:]?(?:\s|$))/gi, "the stream");
}
