import * as z from 'zod/mini';
import { printable, shorten } from '../../shared/core/plain-text.ts';

/** How to reach the API server of a kubeconfig's current context: data alone. */
export interface ApiAccess {
  /** `https://`, without a slash at its end. */
  readonly server: string;
  /** Value of the header `authorization`; undefined where a client certificate identifies the user. */
  readonly authorization: string | undefined;
  /** As whom to ask: `as` of the kubeconfig's user. */
  readonly impersonated: string | undefined;
  /** Each undefined where the kubeconfig has none: then Node's own certificate authorities count. */
  readonly tls: {
    readonly ca: Buffer | undefined;
    readonly cert: Buffer | undefined;
    readonly key: Buffer | undefined;
    readonly servername: string | undefined;
  };
}

/**
 * Reads what the current context uses of a kubeconfig, as YAML was parsed; nothing else of it counts.
 * A kubeconfig is data: a key that would run a program, read a file or weaken the connection is refused
 * by name. Throws an error that quotes names, and no value.
 */
export function readKubeconfig(parsed: unknown): ApiAccess {
  const config = kubeconfigSchema.safeParse(parsed).data;
  const context = entryOf(contextSchema, config?.contexts, config?.['current-context'])?.context;
  const cluster = entryOf(clusterSchema, config?.clusters, context?.cluster)?.cluster;
  if (context === undefined || cluster === undefined) {
    throw unreadable('it is not one, or its current context names no cluster');
  }
  const userName = quoted(context.user ?? '');
  const entry = context.user ? entryOf(userSchema, config?.users, context.user) : NOBODY;
  if (entry === undefined) throw unreadable(`it has no user ${userName}, or a malformed one`);
  const user = entry.user ?? {};
  const clusterName = quoted(context.cluster);
  const refused = [
    ...refusedIn(`cluster ${clusterName}`, cluster, CLUSTER_KEYS),
    ...refusedServer(`cluster ${clusterName}`, cluster.server),
    ...refusedIn(`user ${userName}`, user, USER_KEYS),
  ];
  if (refused.length > 0) throw unreadable(refused.join('; '));
  return {
    server: cluster.server.replace(/\/+$/, ''),
    authorization: authorizationOf(user),
    impersonated: user.as || undefined,
    tls: {
      ca: decoded(cluster['certificate-authority-data']),
      cert: decoded(user['client-certificate-data']),
      key: decoded(user['client-key-data']),
      servername: cluster['tls-server-name'] || undefined,
    },
  };
}

/** A mistake of form is not quoted: the text around it may contain a token. */
function unreadable(why: string): Error {
  return new Error(`reading the kubeconfig: ${why}`);
}

const text = z.optional(z.nullable(z.string()));

const kubeconfigSchema = z.object({
  'current-context': z.string(),
  contexts: z.array(z.unknown()),
  clusters: z.array(z.unknown()),
  users: z.optional(z.nullable(z.array(z.unknown()))),
});

const contextSchema = z.object({ context: z.object({ cluster: z.string(), user: text }) });

/** Loose, since the keys that are refused may have any value. */
const clusterSchema = z.object({
  cluster: z.looseObject({
    server: z.string(),
    'certificate-authority-data': text,
    'tls-server-name': text,
  }),
});

const userSchema = z.object({
  user: z.optional(
    z.nullable(
      z.looseObject({
        token: text,
        username: text,
        password: text,
        as: text,
        'client-certificate-data': text,
        'client-key-data': text,
      }),
    ),
  ),
});

/** Why keys are refused, each with what to use in its place. */
type RefusedKeys = Readonly<Record<string, string>>;

const CLUSTER_KEYS: RefusedKeys = {
  'certificate-authority': 'it names a file; use certificate-authority-data',
  'insecure-skip-tls-verify':
    'it lets anyone pass for the API server; use certificate-authority-data',
  'proxy-url': 'it sends every request and its token to another host; remove it',
};

const USER_KEYS: RefusedKeys = {
  exec: 'it runs a program; use token, or client-certificate-data with client-key-data',
  'auth-provider':
    'it runs a program or asks another service; use token, or client-certificate-data with client-key-data',
  tokenFile: 'it names a file; use token',
  // Not a key of kubeconfigs, but the Kubernetes client for JavaScript reads it.
  'token-file': 'it names a file; use token',
  'client-certificate': 'it names a file; use client-certificate-data',
  'client-key': 'it names a file; use client-key-data',
};

/** For a context without a user: anonymous requests. */
const NOBODY: z.infer<typeof userSchema> = {};

function entryOf<T>(
  schema: z.ZodMiniType<T>,
  entries: readonly unknown[] | null | undefined,
  name: string | undefined,
): T | undefined {
  const named = z.object({ name: z.literal(name) });
  const found = entries?.find((entry) => named.safeParse(entry).success);
  return schema.safeParse(found).data;
}

/** A key counts where it has a value other than empty or `false`. */
function refusedIn(place: string, values: object, keys: RefusedKeys): readonly string[] {
  const set = new Set(Object.entries(values).flatMap(([key, value]) => (value ? [key] : [])));
  return Object.entries(keys).flatMap(([key, why]) =>
    set.has(key) ? [`${place} has ${key}, which is refused: ${why}`] : [],
  );
}

function refusedServer(place: string, server: string): readonly string[] {
  const isSecure = /^https:\/\//i.test(server) && URL.canParse(server);
  return isSecure ? [] : [`${place} has a server that is no https address, which is refused`];
}

/** How much of a name is quoted, in characters. */
const NAME_LENGTH = 60;

function quoted(name: string): string {
  return `"${shorten(printable(name), NAME_LENGTH)}"`;
}

function authorizationOf({
  token,
  username,
  password,
}: NonNullable<z.infer<typeof userSchema>['user']>): string | undefined {
  if (token) return `Bearer ${token}`;
  if (!username) return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

function decoded(base64: string | null | undefined): Buffer | undefined {
  return base64 ? Buffer.from(base64, 'base64') : undefined;
}
