import { createHash } from 'node:crypto';
import { LAB_ACCOUNT } from '../account.ts';
import { clientError } from '../aws-json.ts';
import { type Document, readDocument } from './document.ts';
import { pageOf } from './pages.ts';
import type {
  CreateDocumentRequest,
  GetDocumentRequest,
  ListDocumentsRequest,
} from './requests.ts';

/** The account's documents, each with one version. */
export interface Documents {
  /** The one of this name that can run. Throws what SendCommand answers for any other. */
  active(name: string, now: number): Document;
  create(request: CreateDocumentRequest, now: number): object;
  describe(request: GetDocumentRequest, now: number): object;
  get(request: GetDocumentRequest, now: number): object;
  remove(name: string): object;
  list(request: ListDocumentsRequest): object;
  names(): readonly string[];
}

/** For so long a new document is being created, and no command can use it. */
const CREATING_MS = 300;

/** What every account has from AWS, as far as it is used here. */
const OF_AWS: ReadonlyMap<string, Document> = new Map(
  [
    [
      'AWS-RunShellScript',
      {
        schemaVersion: '2.2',
        parameters: {
          commands: { type: 'StringList' },
          executionTimeout: { type: 'String', default: '3600' },
        },
        mainSteps: [
          {
            action: 'aws:runShellScript',
            name: 'runShellScript',
            inputs: { runCommand: ['{{ commands }}'] },
          },
        ],
      },
    ] as const,
  ].map(([name, content]) => [name, readDocument(name, content)]),
);

/** The service's default. */
const PAGE_SIZE = 10;

interface Kept {
  readonly document: Document;
  readonly content: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly createdAt: number;
}

export function createDocuments(initial: ReadonlyMap<string, object>): Documents {
  const kept = new Map<string, Kept>(
    [...initial].map(([name, content]) => [
      name,
      {
        document: readDocument(name, content),
        content: JSON.stringify(content),
        tags: [],
        createdAt: Number.NEGATIVE_INFINITY,
      },
    ]),
  );
  const named = (name: string): Kept => {
    const found = kept.get(name);
    if (found === undefined) throw clientError('InvalidDocument', `No document ${name}.`);
    return found;
  };
  return {
    active: (name, now) => {
      const ofAws = OF_AWS.get(name);
      if (ofAws !== undefined) return ofAws;
      const found = named(name);
      if (isActive(found, now)) return found.document;
      throw clientError('InvalidDocument', `Document ${name} is not active.`);
    },
    create: ({ Name, Content, Tags = [] }, now) => {
      if (kept.has(Name)) {
        throw clientError('DocumentAlreadyExists', `Document ${Name} exists.`);
      }
      const document = readDocument(Name, Object(JSON.parse(Content)));
      kept.set(Name, { document, content: Content, tags: Tags, createdAt: now });
      return { DocumentDescription: descriptionOf(named(Name), now) };
    },
    describe: ({ Name }, now) => ({ Document: descriptionOf(named(Name), now) }),
    get: ({ Name }, now) => {
      const found = named(Name);
      return {
        Name,
        DocumentVersion: '1',
        Status: statusOf(found, now),
        Content: found.content,
        DocumentType: 'Command',
        DocumentFormat: 'JSON',
      };
    },
    remove: (name) => {
      named(name);
      kept.delete(name);
      return {};
    },
    list: (request) => listed([...kept.values()], request),
    names: () => [...kept.keys()],
  };
}

function listed(
  all: readonly Kept[],
  { Filters = [], MaxResults, NextToken }: ListDocumentsRequest,
): object {
  const found = all.filter(({ tags }) =>
    Filters.every(({ Key, Values = [] }) => passes(tags, Key, Values)),
  );
  const page = pageOf(found, {
    list: `documents ${JSON.stringify(Filters)}`,
    size: MaxResults ?? PAGE_SIZE,
    token: NextToken,
  });
  return {
    DocumentIdentifiers: page.items.map(({ document, tags }) => ({
      Name: document.name,
      Owner: LAB_ACCOUNT,
      DocumentVersion: '1',
      DocumentType: 'Command',
      Tags: tags,
    })),
    NextToken: page.nextToken,
  };
}

function isActive({ createdAt }: Kept, now: number): boolean {
  return now - createdAt >= CREATING_MS;
}

function statusOf(found: Kept, now: number): string {
  return isActive(found, now) ? 'Active' : 'Creating';
}

function descriptionOf(found: Kept, now: number): object {
  return {
    Name: found.document.name,
    Owner: LAB_ACCOUNT,
    Status: statusOf(found, now),
    DocumentVersion: '1',
    DefaultVersion: '1',
    LatestVersion: '1',
    DocumentType: 'Command',
    DocumentFormat: 'JSON',
    SchemaVersion: '2.2',
    HashType: 'Sha256',
    Hash: createHash('sha256').update(found.content).digest('hex'),
    Tags: found.tags,
  };
}

function passes(tags: Kept['tags'], key: string, values: readonly string[]): boolean {
  if (key === 'Owner') return values.includes('Self');
  const tag = /^tag:(.+)$/.exec(key)?.[1];
  if (tag === undefined) {
    throw clientError('InvalidFilterKey', `The lab does not filter documents by ${key}.`);
  }
  return tags.some(({ Key, Value }) => Key === tag && values.includes(Value));
}
