/** A CloudFormation template as JSON: what the guard reads, and nothing that it could misread. */
export interface Template {
  readonly resources: ReadonlyMap<string, Resource>;
  /** The keys beside `Resources`. */
  readonly sections: readonly string[];
}

export interface Resource {
  readonly type: string;
  readonly properties: Properties;
}

export type Properties = Readonly<Record<string, unknown>>;

export function readTemplate(json: unknown): Template {
  const { Resources, ...sections } = recordOf(json);
  const resources = Object.entries(recordOf(Resources)).map(([id, resource]) => {
    const { Type, Properties: properties } = recordOf(resource);
    return [id, { type: String(Type), properties: recordOf(properties) }] as const;
  });
  return { resources: new Map(resources), sections: Object.keys(sections) };
}

/** The object itself; an empty one for anything else. */
export function recordOf(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** CloudFormation and IAM take one for a list of one. Absent is none. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The id of the resource that a `Ref`, or a `Fn::GetAtt` of its ARN, names; undefined for all else. */
export function referenceIn(value: unknown): string | undefined {
  const { Ref, 'Fn::GetAtt': attribute, ...others } = recordOf(value);
  if (Object.keys(others).length > 0) return undefined;
  if (typeof Ref === 'string' && attribute === undefined) return Ref;
  const [id, name] = listOf(attribute);
  return Ref === undefined && name === 'Arn' && typeof id === 'string' ? id : undefined;
}

/**
 * A text with its references in braces: `arn:{AWS.Partition}:ssm:{AWS.Region}:…:document/{Probe}`.
 * Undefined where another intrinsic has a part in it, because nobody knows what that gives.
 */
export function textIn(value: unknown): string | undefined {
  if (typeof value === 'string') return /[{}]/.test(value) ? undefined : value;
  const reference = referenceIn(value);
  if (reference !== undefined) return `{${reference.replace('::', '.')}}`;
  const { 'Fn::Join': join, ...others } = recordOf(value);
  const [glue, pieces, ...more] = listOf(join);
  if (glue !== '' || more.length > 0 || Object.keys(others).length > 0) return undefined;
  const texts = listOf(pieces).map(textIn);
  return texts.every((text) => text !== undefined) ? texts.join('') : undefined;
}

/** What a statement of a policy may have: `NotAction` and its like allow what nobody listed. */
export const STATEMENT_KEYS: ReadonlySet<string> = new Set([
  'Action',
  'Condition',
  'Effect',
  'Resource',
  'Sid',
]);
