import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { type Topic, TOPICS } from "../../src/envelopes/envelope.ts";
import { envelopeSchema } from "../../src/envelopes/render/json_schema.ts";

const validators = new Map<string, ValidateFunction>();

function validatorOf(topic: Topic): ValidateFunction {
  let validator = validators.get(topic);
  if (!validator) {
    validator = new Ajv2020({ allErrors: true }).compile(envelopeSchema(topic, { closed: true }));
    validators.set(topic, validator);
  }
  return validator;
}

/**
 * Asserts that a message conforms to its published schema and has documented keys only.
 *
 * @throws {Error} with every deviation
 */
export function assertEnvelope(message: { readonly type: string }): void {
  const topic = TOPICS.find((topic) => topic === message.type);
  if (!topic) throw new Error(`Unknown topic: ${message.type}`);
  const validator = validatorOf(topic);
  if (validator(message)) return;
  const deviations = validator.errors?.map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${JSON.stringify(params)}`
  );
  throw new Error(`${topic} violates its schema: ${deviations?.join("; ")}`);
}
