import * as z from 'zod/mini';
import { clientError } from '../../lab/aws/aws-json.ts';

/** One attribute on the wire: a type and its value. */
const attributeSchema = z.record(z.string(), z.unknown());

const itemSchema = z.record(z.string(), attributeSchema);

type Item = z.infer<typeof itemSchema>;

const conditionShape = {
  ConditionExpression: z.optional(z.string()),
  ExpressionAttributeNames: z.optional(z.record(z.string(), z.string())),
  ExpressionAttributeValues: z.optional(itemSchema),
};

const putSchema = z.object({ Item: itemSchema, ...conditionShape });
const getSchema = z.object({ Key: itemSchema });
const updateSchema = z.object({
  Key: itemSchema,
  UpdateExpression: z.string(),
  ...conditionShape,
});

type Condition = Pick<
  z.infer<typeof putSchema>,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/**
 * One table of DynamoDB in memory, with the part of its language that the incident store speaks.
 * Throws for what it does not know, so that it cannot pass by accident.
 */
export function dynamoDb(): (operation: string, input: unknown) => object {
  const items = new Map<string, Item>();
  return (operation, input) => {
    switch (operation) {
      case 'GetItem': {
        const item = items.get(placeOf(getSchema.parse(input).Key));
        return item === undefined ? {} : { Item: item };
      }
      case 'PutItem': {
        const put = putSchema.parse(input);
        const place = placeOf(put.Item);
        demand(items.get(place), put);
        items.set(place, put.Item);
        return {};
      }
      case 'UpdateItem': {
        const update = updateSchema.parse(input);
        const place = placeOf(update.Key);
        demand(items.get(place), update);
        items.set(place, { ...update.Key, ...items.get(place), ...changesOf(update) });
        return {};
      }
      default:
        throw clientError('UnknownOperationException', `No operation ${operation}.`);
    }
  };
}

function placeOf({ pk, sk }: Item): string {
  return JSON.stringify([pk, sk]);
}

/** `SET name = :value`, and nothing else. */
function changesOf(update: z.infer<typeof updateSchema>): Item {
  const found = /^SET (\w+) = (:\w+)$/.exec(update.UpdateExpression);
  const [, name = '', placeholder = ''] = found ?? [];
  const value = update.ExpressionAttributeValues?.[placeholder];
  if (value === undefined) throw new Error(`not understood: ${update.UpdateExpression}`);
  return { [name]: value };
}

function demand(item: Item | undefined, condition: Condition): void {
  const { ConditionExpression: expression } = condition;
  if (expression === undefined || holds(expression, item ?? {}, condition)) return;
  throw clientError('ConditionalCheckFailedException', 'The conditional request failed');
}

/** `OR` of `AND`s of comparisons; parentheses only around an `AND`, where they change nothing. */
function holds(expression: string, item: Item, condition: Condition): boolean {
  return expression.split(' OR ').some((part) =>
    part
      .replace(/^\((?<inner>.*)\)$/, '$<inner>')
      .split(' AND ')
      .every((term) => isTrue(term, item, condition)),
  );
}

function isTrue(term: string, item: Item, condition: Condition): boolean {
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } =
    condition;
  const attribute = (name: string): Item[string] | undefined => item[names[name] ?? name];
  const absent = /^attribute_not_exists\((#?\w+)\)$/.exec(term);
  if (absent !== null) return attribute(absent[1] ?? '') === undefined;
  const compared = /^(#?\w+) (=|<) (:\w+)$/.exec(term);
  if (compared === null) throw new Error(`not understood: ${term}`);
  const [, name = '', operator = '', placeholder = ''] = compared;
  const one = attribute(name);
  const other = values[placeholder];
  if (one === undefined || other === undefined) return false;
  const [left, right] = [comparable(one), comparable(other)];
  return operator === '=' ? left === right : left < right;
}

function comparable({ N, S }: Item[string]): number | string {
  return N === undefined ? String(S) : Number(N);
}
