import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ClusterSettings } from '../../infra/cluster.ts';
import { folder, resourceOf, templateOf } from './support/deployed.ts';

/** The script of a cluster's document, as the agent gets it. */
function scriptOf(settings: Partial<ClusterSettings>): string {
  const { Content } = resourceOf(templateOf(settings), 'AWS::SSM::Document');
  const lines: readonly string[] = Object(Content).mainSteps[0].inputs.runCommand;
  return lines.join('\n').replaceAll('{{ Action }}', 'tables').replaceAll('{{ Wanted }}', '');
}

/** An `ip` that shows a device of flannel and one of Calico, as a host has after a migration. */
const IP = `#!/bin/sh
case "$*" in
-V) echo 'ip utility, iproute2-6.1.0' ;;
'-d -o link show type vxlan')
  echo '3: flannel.1: <BROADCAST,UP,LOWER_UP> mtu 1450 link/ether 8a:00:00:00:00:01 vxlan id 1 local 192.168.1.1 dstport 8472'
  echo '4: vxlan.calico: <BROADCAST,UP,LOWER_UP> mtu 1450 link/ether 66:00:00:00:00:01 vxlan id 4096 local 192.168.1.1 dstport 4789'
  ;;
esac
`;

/** What the script of a cluster prints on a host whose file system holds these files. */
async function answerOf(
  settings: Partial<ClusterSettings>,
  files: readonly string[] = [],
): Promise<readonly string[]> {
  const root = folder();
  for (const file of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), '');
  }
  const programs = folder();
  writeFileSync(path.join(programs, 'ip'), IP, { mode: 0o700 });
  const script = path.join(programs, '_script.sh');
  writeFileSync(script, scriptOf(settings), { mode: 0o700 });
  const { stdout } = await promisify(execFile)('sh', ['-c', script], {
    env: { PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin`, VTEPWATCH_ROOT: root },
  });
  return stdout.split('\n');
}

describe('a host whose cluster sets where masters have their kubeconfig', () => {
  const elsewhere = {
    kubeconfigPaths: ['/etc/kubernetes/super-admin.conf', '/opt/k8s/admin.conf'],
  };

  test('is a master where it has it there', async () => {
    const answer = await answerOf(elsewhere, ['/opt/k8s/admin.conf', '/etc/kubernetes/admin.conf']);
    expect(answer).toContain('master /opt/k8s/admin.conf');
  });

  test('is a master by the first that is there', async () => {
    const answer = await answerOf(elsewhere, elsewhere.kubeconfigPaths);
    expect(answer).toContain('master /etc/kubernetes/super-admin.conf');
  });

  test('is none where it has one elsewhere', async () => {
    expect(await answerOf(elsewhere, ['/etc/kubernetes/admin.conf'])).toContain('master -');
  });

  test('else it is a master by the paths of kubeadm, RKE2 and k3s', async () => {
    expect(await answerOf({}, ['/etc/rancher/k3s/k3s.yaml'])).toContain(
      'master /etc/rancher/k3s/k3s.yaml',
    );
  });
});

describe('a device profile', () => {
  test.for([
    ['auto', ['flannel.1', 'vxlan.calico']],
    ['flannel', ['flannel.1']],
    ['calico', ['vxlan.calico']],
  ] as const)('%s reads %j', async ([deviceProfile, devices]) => {
    const answer = await answerOf({ deviceProfile });
    const read = answer.filter((line) => line.startsWith('D ')).map((line) => line.split(' ')[1]);
    expect(read).toEqual(devices);
  });
});

test('settings that the script knows are put in, and leave nothing else changed', () => {
  const script = scriptOf({ deviceProfile: 'flannel', kubeconfigPaths: ['/a', '/b'] });
  const whole = scriptOf({}).split('\n');
  const changed = script.split('\n').filter((line, at) => line !== whole[at]);
  expect(changed.map((line) => line.trim())).toEqual([
    'for path in /a /b; do',
    String.raw`function is_overlay(dev) { return dev ~ /^(flannel(-v6)?\.[0-9]+)$/ }`,
  ]);
});
