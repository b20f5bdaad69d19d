import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ClusterSettings } from '../../infra/cluster.ts';
import {
  checkParameters,
  type Document,
  readDocument,
  scriptOf,
} from '../../lab/aws/ssm/document.ts';
import { probeScript } from '../../shared/contract/probe.ts';
import { folder, resourceOf, templateOf } from './support/deployed.ts';

/** The document of a cluster, as it is deployed. */
function documentOf(settings: Partial<ClusterSettings>): Document {
  const { Content } = resourceOf(templateOf(settings), 'AWS::SSM::Document');
  return readDocument('Vtepwatch-demo-WatchProbe-1A2B', Object(Content));
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
  const document = documentOf(settings);
  const parameters = checkParameters(document, { Action: ['tables'] });
  writeFileSync(script, scriptOf(document, parameters), { mode: 0o700 });
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

describe('packets', () => {
  test.for([
    [{}, 'on'],
    [{ packets: true }, 'on'],
    [{ packets: false }, 'off'],
  ] as const)('of a cluster that sets %j are %s', ([settings, word]) => {
    const document = documentOf(settings);
    const script = scriptOf(document, checkParameters(document, { Action: ['digest'] }));
    expect(script).toContain(`\npackets='${word}'\n`);
  });
});

describe('whatever a cluster sets', () => {
  const everything = {
    packets: true,
    deviceProfile: 'flannel' as const,
    kubeconfigPaths: ['/etc/kubernetes/super-admin.conf', '/b'],
  };
  const parts = path.join(import.meta.dirname, '../../shared/contract/probe');
  const script = probeScript((file) => readFileSync(path.join(parts, file), 'utf8'));

  test.for([{}, everything])('the script is sent byte for byte as it stands: %j', (settings) => {
    expect(documentOf(settings).runCommand.join('\n')).toBe(script);
  });

  test.for([
    ['DeviceProfile', 'auto'],
    ['DeviceProfile', 'calico'],
    ['Packets', 'off'],
    ['KubeconfigPaths', '/root/admin.conf'],
    ['KubeconfigPaths', '/etc/kubernetes/super-admin.conf'],
    ['KubeconfigPaths', '/etc/kubernetes/super-admin.conf /b /c'],
    ['KubeconfigPaths', '/etc/kubernetes/super-adminxconf /b'],
    ['KubeconfigPaths', "'; reboot; '"],
  ] as const)('no command can name another %s: %s', ([parameter, value]) => {
    const document = documentOf(everything);
    expect(() => checkParameters(document, { Action: ['tables'], [parameter]: [value] })).toThrow(
      `Parameter "${parameter}" has value "${value}" not matching`,
    );
  });

  test('a command that names what the cluster sets is the same command', () => {
    const document = documentOf(everything);
    const named = {
      Action: ['tables'],
      DeviceProfile: ['flannel'],
      Packets: ['on'],
      KubeconfigPaths: [everything.kubeconfigPaths.join(' ')],
    };
    expect(checkParameters(document, named)).toEqual(
      checkParameters(document, { Action: ['tables'] }),
    );
  });
});
