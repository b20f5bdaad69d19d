import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import type { Install, Observation } from '../../../../shared/core/overlay/vtep.ts';
import { parseDaemonSets } from '../../../../shared/core/parse/kubernetes.ts';
import { cluster } from '../../../support/cluster.ts';
import { anyCidr, anyIp, anyMac } from '../../../support/entries.ts';
import { fixesOf } from '../../../support/fixes.ts';

/** What a person may paste into a root shell. */
const NAME = '[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?';
const IP = '[0-9a-f.:]{2,39}';
const MAC = '[0-9a-f]{2}(:[0-9a-f]{2}){5}';
const DEVICE = '(flannel(-v6)?\\.[0-9]{1,8}|vxlan(-v6)?\\.calico)';
const SELECTOR = '(k8s-app=canal|app=flannel|k8s-app=flannel|k8s-app=calico-node)';
const ENTRY = `(ip neigh replace ${IP} lladdr ${MAC} dev ${DEVICE} nud permanent|bridge fdb replace ${MAC} dev ${DEVICE} dst ${IP} self permanent|ip route replace ${IP}/[0-9]{1,3} via ${IP}( dev ${DEVICE} onlink)?)`;
const DELETION = `kubectl -n (kube-system|kube-flannel|calico-system) delete pod -l ${SELECTOR} --timeout=60s --field-selector spec.nodeName=`;
const COMMAND = new RegExp(
  `^(${[
    `case \\$\\(ip addr show dev ${DEVICE} 2>/dev/null\\) in \\*\\[!0-9a-f\\.:\\]${IP}/\\*(\\|\\*${MAC}\\*)?\\) ;; \\*/(32|128)\\*\\) ${ENTRY}( && ${ENTRY}){0,2} ;; esac`,
    `(ip addr replace ${IP}/(32|128) dev ${DEVICE} && )?ip link set dev ${DEVICE} up`,
    `ip link delete ${DEVICE}`,
    `ip -o link show dev ${DEVICE}`,
    `kubectl get --raw /api/v1/nodes/${NAME} \\| grep -o 'VtepMAC\\[\\^}\\]\\*'`,
    `kubectl get --raw /api/v1/nodes/${NAME} \\| grep -o 'VXLANTunnelMACAddr(V6)?":"\\[\\^"\\]\\*'`,
    `printf %s ${NAME} \\| sha1sum \\| sed 's/\\^(\\\\\\(\\.\\.\\\\\\)){5}\\.\\*/66(:\\\\[1-5]){5}/'`,
    'kubectl get nodes -o name',
    'kubectl get nodes -o custom-columns=NAME:\\.metadata\\.name,CREATED:\\.metadata\\.creationTimestamp,CIDR:\\.spec\\.podCIDR',
    'cat /etc/machine-id',
    'ip -o addr show scope global',
    `ip link set dev ${DEVICE} address 02\\$\\(printf :%s \\$\\(od -An -N5 -tx1 /dev/urandom\\)\\)`,
    `kubectl -n (kube-system|kube-flannel|calico-system) get pods -l ${SELECTOR} --field-selector spec.nodeName=${NAME}`,
    `systemctl restart k3s(-agent)?`,
    `${DELETION}${NAME}`,
    `for n in ${NAME}( ${NAME})*; do ${DELETION}\\$n; done`,
  ].join('|')})$`,
);

/** Nothing but one block in quotes, and hosts by ids or names. */
const REMOTE = new RegExp(
  `^(aws ssm send-command --region eu-central-1 --document-name AWS-RunShellScript --instance-ids( m?i-[0-9a-f]{8,17}){2,50} --max-concurrency (10% --max-errors 1|1 --max-errors 0) --parameters '[^']*'|for n in ${NAME}( ${NAME})*; do echo '[^']*' \\| ssh \\$n sudo sh( \\|\\| break)?; done)$`,
);

test('whatever hosts and Kubernetes send, every command is of the strict grammar', () => {
  const evil = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '$(reboot)',
      '; reboot',
      '`reboot`',
      '-rf',
      '--all',
      'a b',
      '\n',
      '&&',
      '../..',
    ),
  );
  const mac = fc.option(fc.oneof(anyMac, evil, fc.constant('36:9u:9c:53:4a:10')), {
    nil: undefined,
  });
  const device = fc.oneof(
    fc.constantFrom('flannel.1', 'flannel-v6.1', 'vxlan.calico', 'flannel.99999999999'),
    evil,
  );
  const name = fc.oneof(fc.constantFrom('node1', 'node2', 'node3'), evil);
  const ip = fc.option(anyIp, { nil: undefined });
  const cidr = fc.option(anyCidr, { nil: undefined });
  const anyHost = fc.record({
    node: name,
    instanceId: fc.oneof(fc.constantFrom('i-0123456789abcdef0', 'mi-00112233445566778'), evil),
    up: fc.boolean(),
    install: fc.constantFrom<Install | undefined>('canal', 'k3s', 'flannel', undefined),
    kubeconfig: fc.option(evil, { nil: undefined }),
    device,
    mac,
    local: ip,
    address: cidr,
    neighbours: fc.array(
      fc.record({ device, ip: anyIp, mac, permanent: fc.boolean(), state: evil }),
    ),
    fdb: fc.array(fc.record({ device, mac: fc.oneof(anyMac, evil), destination: anyIp })),
    routes: fc.array(fc.record({ device, destination: anyCidr, gateway: anyIp })),
  });
  const listed = fc.record({
    name,
    mac,
    publicIp: ip,
    podCidrs: fc.array(anyCidr, { maxLength: 2 }),
  });
  const anyDaemonSet = fc.record({
    namespace: fc.oneof(fc.constantFrom('kube-system', 'kube-flannel', 'calico-system'), evil),
    name: fc.oneof(fc.constantFrom('canal', 'rke2-canal', 'kube-flannel-ds', 'calico-node'), evil),
    updateStrategy: fc.constantFrom({ type: 'OnDelete' }, { type: '$(reboot)' }, undefined),
  });
  let commands = 0;
  fc.assert(
    fc.property(
      fc.array(anyHost, { minLength: 2, maxLength: 5 }),
      fc.option(fc.array(listed, { maxLength: 5 }), { nil: undefined }),
      fc.array(anyDaemonSet, { maxLength: 4 }),
      (hosts, nodes, sets) => {
        const observations = hosts.map((host): Observation => {
          const {
            node,
            instanceId,
            install,
            kubeconfig,
            device: dev,
            neighbours,
            fdb,
            routes,
          } = host;
          const addresses = host.address === undefined ? [] : [host.address];
          const own = { name: dev, up: host.up, mac: host.mac, local: host.local, addresses };
          return {
            kind: 'tables',
            host: { node, instanceId, install, kubeconfig },
            tables: { devices: [own], neighbours, fdb, routes },
            verbatim: [],
            unread: [],
          };
        });
        const list = nodes?.map((node) => ({
          name: node.name,
          internalIps: [],
          podCidrs: node.podCidrs,
          annotated: [{ family: 'ipv4', mac: node.mac, publicIp: node.publicIp }] as const,
        }));
        const judgement = judge(
          cluster(0).facts({
            observations,
            nodes:
              list === undefined
                ? { kind: 'not-configured' }
                : { kind: 'read', before: list, after: list },
          }),
        );
        const items = sets.map(({ updateStrategy, ...metadata }) => ({
          metadata,
          spec: { updateStrategy },
        }));
        const daemonSets = parseDaemonSets('here', { items }).value;
        const site = { account: '123456789012', region: 'eu-central-1', targets: [] };
        const fixes = fixesOf(judgement, { daemonSets, site });
        for (const finding of judgement.findings) {
          for (const fix of fixes(finding)) {
            for (const line of fix.remotely ?? []) expect(line).toMatch(REMOTE);
            commands += fix.commands.length;
            for (const command of fix.commands) expect(command).toMatch(COMMAND);
            for (const host of fix.hosts) expect(host).toMatch(new RegExp(`^${NAME}$`));
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  // Of random hosts some are damaged in a way that has a fix.
  expect(commands).toBeGreaterThan(50);
});
