import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadAllYaml } from '@kubernetes/client-node';
import { expect, test } from 'vitest';

const FILE = path.join(import.meta.dirname, '../../infra/rbac.yaml');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly object[];
  readonly roleRef?: { readonly name: string };
  readonly subjects?: readonly object[];
}

const manifests: readonly Manifest[] = loadAllYaml(readFileSync(FILE, 'utf8'));
const ofKind = (kind: string): readonly Manifest[] => manifests.filter((one) => one.kind === kind);

test('the account may list nodes and DaemonSets, and nothing else', () => {
  expect(ofKind('ClusterRole').flatMap(({ rules = [] }) => rules)).toEqual([
    { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['list'] },
  ]);
  expect(ofKind('Role')).toEqual([]);
});

test('each role is bound to the account that is made', () => {
  const [account] = ofKind('ServiceAccount');
  const subject = { kind: 'ServiceAccount', ...account?.metadata };
  const roles = ofKind('ClusterRole').map(({ metadata }) => metadata.name);
  expect(ofKind('ClusterRoleBinding').map(({ roleRef }) => roleRef?.name)).toEqual(roles);
  for (const { subjects } of ofKind('ClusterRoleBinding')) expect(subjects).toEqual([subject]);
});

test('there is nothing in it that is not told above', () => {
  expect(new Set(manifests.map(({ kind }) => kind))).toEqual(
    new Set(['Namespace', 'ServiceAccount', 'Secret', 'ClusterRole', 'ClusterRoleBinding']),
  );
});
