import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { Secret } from "../../config/secret.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const NUMBER_BYTES = 4;
/** Number of the check of the header; those of records are smaller. */
const HEADER_NUMBER = 0xffff_ffff;
/** Separates these keys from others that may be derived from the same secret (RFC 5869, 3.2). */
const INFO = "physiology_server spool 1";

/** Bytes that a record becomes longer: its number and the tag. */
export const SEAL_BYTES = NUMBER_BYTES + TAG_BYTES;

/** The key of a spool, from which each segment derives one of its own. */
export class SpoolKey {
  readonly #secret: Secret;

  constructor(secret: Secret) {
    this.#secret = secret;
  }

  /** Returns the seal of a new segment of a publisher. */
  newSeal(identity: string): Seal {
    return this.#seal(randomBytes(SALT_BYTES), identity);
  }

  /** Returns the seal of a segment by its header; undefined if it was written with another key. */
  openSeal({ salt, check, identity }: SealedHeader): Seal | undefined {
    const seal = this.#seal(salt, identity);
    return seal.unseal(check) ? seal : undefined;
  }

  #seal(salt: Uint8Array, identity: string): Seal {
    return new Seal({
      key: new Uint8Array(hkdfSync("sha256", this.#secret.reveal(), salt, INFO, KEY_BYTES)),
      salt,
      identity,
    });
  }
}

/** The contents of the header of an encrypted segment. */
export interface SealedHeader {
  readonly identity: string;
  readonly salt: Uint8Array;
  /** An empty record, which only the key of the segment can open. */
  readonly check: Uint8Array;
}

/**
 * Encrypts and authenticates the records of one segment by AES-256-GCM. The key is derived from the
 * key of the spool and a random salt by HKDF-SHA256, so that the number of a record, which a segment
 * never repeats, can be the nonce. Salt and identity are authenticated with each record.
 */
export class Seal {
  readonly #key: Uint8Array;
  readonly #context: Uint8Array;
  readonly #identity: Uint8Array;
  readonly #salt: Uint8Array;
  #nextNumber = 0;

  constructor({ key, salt, identity }: {
    readonly key: Uint8Array;
    readonly salt: Uint8Array;
    readonly identity: string;
  }) {
    this.#key = key;
    this.#salt = salt;
    this.#identity = new TextEncoder().encode(identity);
    this.#context = Uint8Array.from([...salt, ...this.#identity]);
  }

  /** Returns the body of the header: salt, check, identity. */
  get header(): Uint8Array<ArrayBuffer> {
    const check = this.#encrypt(HEADER_NUMBER, new Uint8Array());
    return Uint8Array.from([...this.#salt, ...check, ...this.#identity]);
  }

  /** Returns a record encrypted under the next number: number (uint32), ciphertext, tag. */
  seal(plain: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#encrypt(this.#nextNumber++, plain);
  }

  /** Returns a record; undefined if it is damaged, or was written for another segment. */
  unseal(sealed: Uint8Array): { number: number; plain: Uint8Array<ArrayBuffer> } | undefined {
    if (sealed.length < SEAL_BYTES) return undefined;
    const number = viewOf(sealed).getUint32(0, true);
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(number));
    decipher.setAAD(this.#context);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plain = decipher.update(sealed.subarray(NUMBER_BYTES, sealed.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return { number, plain: Uint8Array.from(plain) };
  }

  #encrypt(number: number, plain: Uint8Array): Uint8Array<ArrayBuffer> {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(number));
    cipher.setAAD(this.#context);
    const sealed = new Uint8Array(SEAL_BYTES + plain.length);
    viewOf(sealed).setUint32(0, number, true);
    sealed.set(cipher.update(plain), NUMBER_BYTES);
    cipher.final();
    sealed.set(cipher.getAuthTag(), NUMBER_BYTES + plain.length);
    return sealed;
  }
}

/** Splits the body of a header that `Seal.header` has returned; undefined if it is too short. */
export function splitHeader(body: Uint8Array): SealedHeader | undefined {
  const start = SALT_BYTES + SEAL_BYTES;
  if (body.length < start) return undefined;
  return {
    salt: body.slice(0, SALT_BYTES),
    check: body.slice(SALT_BYTES, start),
    identity: new TextDecoder().decode(body.subarray(start)),
  };
}

function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  viewOf(nonce).setUint32(0, number, true);
  return nonce;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
