import type { ReportedOverlay } from '../../shared/contract/report.ts';

/** As people call what installed flannel; of RKE2 it may be flannel or canal. */
const INSTALLS: Readonly<Record<NonNullable<ReportedOverlay['install']>, string>> = {
  canal: 'canal',
  flannel: 'flannel',
  rke2: 'RKE2',
  k3s: 'k3s',
};

const FAMILIES: Readonly<Record<ReportedOverlay['families'][number], string>> = {
  ipv4: 'IPv4',
  ipv6: 'IPv6',
};

/** `canal overlay`; with what is not usual of it: `RKE2 overlay, IPv4 and IPv6, DirectRouting`. */
export function overlayName(overlay: ReportedOverlay): string {
  const { agent, install, leases, families, direct } = overlay;
  const name = agent === 'calico' ? 'Calico' : INSTALLS[install ?? 'flannel'];
  const isUsual = families.length === 1 && families[0] === 'ipv4';
  return [
    `${name} overlay`,
    ...(leases === 'etcd' ? ['leases in etcd'] : []),
    ...(isUsual ? [] : [familiesOf(overlay)]),
    ...(direct ? [agent === 'calico' ? 'CrossSubnet' : 'DirectRouting'] : []),
  ].join(', ');
}

/** All that is known of it: `flannel VXLAN by canal; VNI 1, port 8472; leases in Kubernetes; IPv4`. */
export function overlayLine(overlay: ReportedOverlay): string {
  const { agent, install, leases, vni, port, direct, windows } = overlay;
  const by = install === undefined || install === 'flannel' ? '' : ` by ${INSTALLS[install]}`;
  return [
    agent === 'calico' ? 'Calico VXLAN' : `flannel VXLAN${by}`,
    ...(vni === undefined ? [] : [`VNI ${vni}${port === undefined ? '' : `, port ${port}`}`]),
    ...(leases === undefined ? [] : [LEASES[leases]]),
    familiesOf(overlay),
    ...(direct ? ['some nodes route to each other directly, without VXLAN'] : []),
    ...(windows.length === 0
      ? []
      : [`${windows.length} Windows ${windows.length === 1 ? 'node' : 'nodes'}`]),
  ].join('; ');
}

const LEASES: Readonly<Record<NonNullable<ReportedOverlay['leases']>, string>> = {
  kubernetes: 'leases in Kubernetes',
  etcd: 'leases in an etcd of its own',
};

function familiesOf({ families }: ReportedOverlay): string {
  return families.map((family) => FAMILIES[family]).join(' and ');
}
