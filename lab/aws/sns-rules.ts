import * as z from 'zod/mini';
import type { ServiceError } from './gate.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html, parameter Subject. */
const SUBJECT_LIMIT_CHARACTERS = 99;
const SUBJECT = /^[!-~][ -~]*$/;

/**
 * What is wrong with a Publish, of that which fauxqs lets pass: a subject that is empty, too long,
 * not ASCII or with line breaks, and an attribute without a value.
 */
export function checkPublish(form: Readonly<Record<string, string>>): ServiceError | undefined {
  const subject = form['Subject'];
  if (subject !== undefined && !isSubject(subject)) {
    return invalid('InvalidParameter', 'Invalid parameter: Subject');
  }
  if (form['MessageStructure'] === 'json' && !isByProtocol(form)) {
    return invalid('InvalidParameter', 'Invalid parameter: Message Structure - No default entry');
  }
  for (const [field, name] of Object.entries(form)) {
    const entry = /^MessageAttributes\.entry\.\d+(?=\.Name$)/.exec(field)?.[0];
    if (entry === undefined) continue;
    const value = form[`${entry}.Value.StringValue`] ?? form[`${entry}.Value.BinaryValue`] ?? '';
    if (value === '') {
      return invalid(
        'ParameterValueInvalid',
        `The message attribute '${name}' must contain non-empty message attribute value.`,
      );
    }
  }
  return undefined;
}

const textsSchema = z.object({ default: z.string(), sms: z.optional(z.string()) });

/** The texts of a message by protocol. */
export function textsOf(form: Readonly<Record<string, string>>): z.infer<typeof textsSchema> {
  return textsSchema.parse(JSON.parse(form['Message'] ?? ''));
}

function isByProtocol(form: Readonly<Record<string, string>>): boolean {
  try {
    textsOf(form);
    return true;
  } catch {
    return false;
  }
}

/** ASCII that begins with a letter, digit or punctuation mark, has no control characters, and is
 * less than 100 characters long. */
function isSubject(subject: string): boolean {
  return subject.length <= SUBJECT_LIMIT_CHARACTERS && SUBJECT.test(subject);
}

function invalid(type: string, message: string): ServiceError {
  return { type, message, status: 400 };
}
