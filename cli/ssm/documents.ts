import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  CreateDocumentCommand,
  DeleteDocumentCommand,
  DescribeDocumentCommand,
  GetDocumentCommand,
  InvalidDocument,
  ListDocumentsCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import { probeDocument } from '../../shared/contract/probe.ts';
import { probeSettingsSchema } from '../../shared/contract/settings.ts';
import { errorText } from '../../lambda/error-text.ts';
import { trouble } from '../deployed/trouble.ts';
import { Failure } from '../failure.ts';
import { readScript } from '../hosts/script.ts';
import { remark } from '../progress.ts';
import { ENDED_BY, ONE_SIGNAL_MS } from '../signals.ts';

/** What a document would run on hosts. */
export interface DocumentScript {
  readonly sha256: string;
  /** Whether it is the script of this version, so that its answers can be read. */
  readonly isOurs: boolean;
  readonly sendsPackets: boolean;
}

/** The document of this version, as `aws ssm create-document` takes it. */
export function documentContent(packets: boolean): string {
  return JSON.stringify(probeDocument(readScript(), probeSettingsSchema.parse({ packets })));
}

/** The script of this version. */
export function ownScript(packets: boolean): DocumentScript {
  return { sha256: sha256Of(readScript()), isOurs: true, sendsPackets: packets };
}

const documentSchema = z.object({
  parameters: z.object({
    Packets: z.object({ default: z.string() }),
    DeviceProfile: z.optional(z.object({ default: z.string() })),
    KubeconfigPaths: z.optional(z.object({ default: z.string() })),
  }),
  mainSteps: z.tuple([z.object({ inputs: z.object({ runCommand: z.array(z.string()) }) })]),
});

/** Reads what a document would run: version 1, which is the one that runs. */
export async function readDocument(client: SSMClient, name: string): Promise<DocumentScript> {
  const doing = `reading the document ${name}`;
  const request = new GetDocumentCommand({
    Name: name,
    DocumentVersion: '1',
    DocumentFormat: 'JSON',
  });
  const { Content = '' } = await client.send(request).catch((error: unknown) => {
    if (!(error instanceof InvalidDocument)) throw trouble(doing, error);
    throw new Failure(
      'unreachable',
      `${doing}: there is none of this name in this account and Region`,
    );
  });
  const document = documentSchema.safeParse(JSON.parse(Content));
  if (!document.success) {
    throw new Error(`${doing}: it is not vtepwatch's: make one with check --print-document`);
  }
  const { mainSteps, parameters } = document.data;
  const script = mainSteps[0].inputs.runCommand.join('\n');
  return {
    sha256: sha256Of(script),
    isOurs: isOwnDocument(JSON.parse(Content), parameters),
    sendsPackets: parameters.Packets.default === 'on',
  };
}

/**
 * Whether all of a document is as this version makes it for some settings: values of parameters become text of
 * the script.
 */
function isOwnDocument(
  { parameters, mainSteps }: { readonly parameters: unknown; readonly mainSteps: unknown },
  { Packets, DeviceProfile, KubeconfigPaths }: z.output<typeof documentSchema>['parameters'],
): boolean {
  const settings = probeSettingsSchema.safeParse({
    deviceProfile: DeviceProfile?.default,
    kubeconfigPaths: KubeconfigPaths?.default.split(' '),
    packets: Packets.default === 'on',
  });
  if (!settings.success) return false;
  const own: unknown = JSON.parse(JSON.stringify(probeDocument(readScript(), settings.data)));
  const { parameters: ownParameters, mainSteps: ownSteps } = Object(own);
  return isDeepStrictEqual([parameters, mainSteps], [ownParameters, ownSteps]);
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The account that a document is of; undefined where the operator may not ask. */
export async function accountOf(client: SSMClient, name: string): Promise<string | undefined> {
  const owner = await client
    .send(new DescribeDocumentCommand({ Name: name }))
    .then(({ Document }) => Document?.Owner)
    .catch(() => undefined);
  return owner !== undefined && /^\d{12}$/.test(owner) ? owner : undefined;
}

/** Marks documents that are there for one check only. */
const TAG = { Key: 'vtepwatch', Value: 'temporary' } as const;

/** How long Systems Manager may take to make a document, and how often it is asked. */
const CREATION_POLLS = 60;
const POLL_MS = 500;

/**
 * Makes a document for one check, and deletes it when the check has ended, in whatever way, also by SIGINT and
 * SIGTERM. No other name is used twice, so two checks at the same time have two.
 */
export async function withTemporaryDocument<T>(
  client: SSMClient,
  content: string,
  use: (name: string) => Promise<T>,
): Promise<T> {
  const name = `vtepwatch-temporary-${randomBytes(8).toString('hex')}`;
  const creating = client.send(
    new CreateDocumentCommand({
      Name: name,
      Content: content,
      DocumentType: 'Command',
      DocumentFormat: 'JSON',
      Tags: [TAG],
    }),
  );
  const remove = async (): Promise<void> => {
    // A document whose creation is under way cannot be deleted, and would stay.
    await creating.catch(() => undefined);
    await client.send(new DeleteDocumentCommand({ Name: name })).catch(async (error: unknown) => {
      if (error instanceof InvalidDocument) return;
      const region = await client.config.region();
      throw trouble(`deleting the document ${name} in ${region}`, error);
    });
  };
  const forget = onSignal(remove);
  try {
    await creating.catch((error: unknown) => {
      throw trouble(
        'making a temporary document',
        error,
        'ssm:CreateDocument and ssm:AddTagsToResource',
      );
    });
    await untilActive(client, name);
    return await use(name);
  } finally {
    // What the check found is worth more than the end of its document: the next check names what is left.
    await remove().catch((error: unknown) => {
      remark(errorText(error));
    });
    forget();
  }
}

async function untilActive(client: SSMClient, name: string): Promise<void> {
  for (let poll = 0; poll < CREATION_POLLS; poll++) {
    const { Document } = await client
      .send(new DescribeDocumentCommand({ Name: name }))
      .catch((error: unknown) => {
        throw trouble('waiting for the temporary document', error, 'ssm:DescribeDocument on it');
      });
    if (Document?.Status === 'Active') return;
    if (Document?.Status === 'Failed') break;
    await wait(POLL_MS);
  }
  throw new Failure('unreachable', `the temporary document ${name} did not become active`);
}

/** Does this before the program ends by a signal, a second one at once; what it returns takes that back. */
function onSignal(work: () => Promise<void>): () => void {
  let firstAt: number | undefined;
  const listeners = (['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map((signal) => {
    const listener = (): void => {
      if (firstAt !== undefined) {
        if (Date.now() - firstAt >= ONE_SIGNAL_MS) process.exit(ENDED_BY[signal]);
        return;
      }
      firstAt = Date.now();
      void work()
        .catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
        .finally(() => process.exit(ENDED_BY[signal]));
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

/** Pages that are read at most, of 50 documents each. */
const PAGES = 20;

/** Temporary documents that an earlier check could not delete; none where the operator may not list them. */
export async function leftOvers(client: SSMClient): Promise<readonly string[]> {
  const names: string[] = [];
  let NextToken: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const request = new ListDocumentsCommand({
      Filters: [
        { Key: 'Owner', Values: ['Self'] },
        { Key: `tag:${TAG.Key}`, Values: [TAG.Value] },
      ],
      MaxResults: 50,
      NextToken,
    });
    const found = await client.send(request).catch(() => undefined);
    names.push(...(found?.DocumentIdentifiers ?? []).flatMap(({ Name }) => Name ?? []));
    NextToken = found?.NextToken;
    // A page may be empty and yet not be the last one.
    if (!NextToken) break;
  }
  return names;
}

/** Says which temporary documents are left, with what deletes them. */
export async function nameLeftOvers(client: SSMClient): Promise<void> {
  const region = await client.config.region();
  for (const name of await leftOvers(client)) {
    remark(
      `there is a temporary document; if no other check is running, delete it: aws ssm delete-document --region ${region} --name ${name}`,
    );
  }
}
