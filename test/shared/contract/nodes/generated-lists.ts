import * as fc from 'fast-check';

/** Lists of nodes as the API server writes them, in which any value may be strange. */

const FLANNEL = 'flannel.alpha.coreos.com/';
const CALICO = 'projectcalico.org/';

/** Texts that look like what a reader of JSON lives by. */
const TEXTS = [
  '',
  'x',
  '\\',
  '\\\\',
  '\\"',
  '"',
  '"]',
  ']"',
  '\\]',
  '":[',
  '":[{"names":["',
  ']}',
  ']}\n',
  '}]',
  '[',
  '{',
  ',',
  ':',
  '\u2028<>&',
  '\u0000\u001F',
  'é𝒳',
  '"podCIDR":"6.6.6.0/24"',
  '{"metadata":{"name":"evil"}}',
] as const;

/** Names of fields, which a label or annotation may have too. */
const BAIT = [
  'name',
  'uid',
  'metadata',
  'labels',
  'annotations',
  'spec',
  'status',
  'items',
  'podCIDR',
  'podCIDRs',
  'providerID',
  'unschedulable',
  'addresses',
  'type',
  'address',
  'creationTimestamp',
  'kind',
  'resourceVersion',
  `${FLANNEL}public-ip`,
  'node-role.kubernetes.io/master',
] as const;

const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'binary', maxLength: 12 }));

/** Any JSON, of which the readers want none. */
const junk = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    text,
    fc.constantFrom(null, true, false, 0, -1.5, 1e21),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...BAIT), text), tie('any'), { maxKeys: 3 }),
  ),
})).any;

/** Mostly the good value; else one of the bad ones, or anything at all. */
function mostly(good: fc.Arbitrary<unknown>, ...bad: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 90, arbitrary: good },
    { weight: 1, arbitrary: fc.constantFrom(...bad, '', null, 7) },
    { weight: 1, arbitrary: junk },
  );
}

/** An object with bait, and with some of these keys: `always` are those that are mostly there. */
function some(
  values: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  bait: fc.Arbitrary<unknown>,
  always: readonly string[] = [],
): fc.Arbitrary<object> {
  return fc
    .tuple(
      fc.oneof(
        { weight: 20, arbitrary: fc.record(values, { requiredKeys: [...always] }) },
        { weight: 1, arbitrary: fc.record(values, { requiredKeys: [] }) },
      ),
      fc.dictionary(fc.oneof(fc.constantFrom(...BAIT), text), bait, { maxKeys: 2 }),
      fc.boolean(),
    )
    .map(([own, baits, isFirst]) =>
      isFirst ? { ...baits, ...own } : { ...own, ...without(baits, own) },
    );
}

function without(baits: object, own: object): object {
  return Object.fromEntries(Object.entries(baits).filter(([key]) => !Object.hasOwn(own, key)));
}

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet).map(([c, d]) => `10.0.${c}.${d}`);
const ipv6 = fc.constantFrom('fd00::1', '::', 'FD00:0:0:0:0:0:0:A', '1:2:3:4:5:6:7::');
const BAD_IPS = [
  '10.0.0.256',
  '10.0.0',
  '10.0.00.1',
  '1:2',
  'fd00:::1',
  '::ffff:1.2.3.4',
  '1::2::3',
  '12345::',
];
const hex = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, '0'));
const mac = fc.array(hex, { minLength: 6, maxLength: 6 }).map((octets) => octets.join(':'));
const data = mac.map((one) => `{"VNI":1,"VtepMAC":"${one}"}`);
const BAD_DATA = [
  '{}',
  '{"VNI":1}',
  '{"VtepMAC":1}',
  '{"VtepMAC":"8a:11:11:11:11:0"}',
  '{"VtepMAC":"8a:11:11:11:11:02"',
  '{"VtepMAC":"8a:11:11:11:11:02","VtepMAC":"8a:11:11:11:11:03"}',
  '{"x":{"VtepMAC":"8a:11:11:11:11:02"}}',
  '{"a":"VtepMAC","VtepMAC":"8A:11:11:11:11:02"}',
  '{"VNI": 1}',
  '{"x":"\\"","VtepMAC":"8a:11:11:11:11:02"}',
  'null',
];
const cidr = octet.map((third) => `10.42.${third}.0/24`);
const BAD_CIDRS = [
  '10.42.0.0/33',
  '10.42.0.0',
  '10.42.0.0/024',
  'fd00::/129',
  '10.42.0.0/24 ',
  'FD00::/0',
];

const annotations = some(
  {
    [`${FLANNEL}backend-type`]: mostly(fc.constant('vxlan'), 'host-gw', 'VXLAN', 'x'.repeat(33)),
    [`${FLANNEL}backend-data`]: mostly(data, ...BAD_DATA),
    [`${FLANNEL}backend-v6-data`]: mostly(data, ...BAD_DATA),
    [`${FLANNEL}public-ip`]: mostly(ipv4, ...BAD_IPS, 'fd00::1'),
    [`${FLANNEL}public-ip-overwrite`]: mostly(ipv4, ...BAD_IPS),
    [`${FLANNEL}public-ipv6`]: mostly(ipv6, ...BAD_IPS, '10.0.0.1'),
    [`${FLANNEL}public-ipv6-overwrite`]: mostly(ipv6, ...BAD_IPS),
    [`${CALICO}IPv4VXLANTunnelAddr`]: mostly(ipv4, ...BAD_IPS),
    [`${CALICO}IPv4Address`]: mostly(cidr, ...BAD_CIDRS),
    [`${CALICO}IPv6VXLANTunnelAddr`]: mostly(ipv6, ...BAD_IPS),
    [`${CALICO}IPv6Address`]: mostly(fc.constant('fd00::1/64'), ...BAD_CIDRS),
  },
  text,
);

const labels = some(
  {
    'node-role.kubernetes.io/control-plane': mostly(fc.constant('')),
    'node-role.kubernetes.io/master': mostly(fc.constant('true')),
    'topology.kubernetes.io/zone': mostly(fc.constant('eu-west-1a'), '-a', 'a'.repeat(64), 'é'),
    'failure-domain.beta.kubernetes.io/zone': mostly(fc.constant('old')),
  },
  text,
);

const address = fc
  .tuple(
    mostly(fc.constantFrom('InternalIP', 'Hostname', 'ExternalIP'), 'internalIP'),
    mostly(ipv4, ...BAD_IPS),
  )
  .map(([type, one]) => ({ type, address: one }));

const node = some(
  {
    metadata: some(
      {
        name: mostly(
          fc.nat({ max: 40 }).map((at) => `node-${at}.example`),
          'A',
          '-a',
          'a..b',
          'a'.repeat(254),
        ),
        uid: mostly(fc.uuid(), 'x', '0'.repeat(36)),
        creationTimestamp: mostly(
          fc.constant('2026-11-26T01:02:03Z'),
          '2026-11-26',
          '2026-11-26T01:02:03.5Z',
        ),
        labels,
        annotations,
        managedFields: junk,
      },
      junk,
      ['name', 'uid', 'creationTimestamp'],
    ),
    spec: some(
      {
        podCIDR: fc.oneof(fc.constant('10.42.1.0/24'), mostly(cidr, ...BAD_CIDRS)),
        podCIDRs: fc.oneof(
          fc.constant(['10.42.1.0/24', 'fd00:42::/64']),
          fc.array(mostly(cidr, ...BAD_CIDRS), { maxLength: 3 }),
        ),
        providerID: mostly(
          fc.constant('aws:///eu-west-1a/i-0123456789abcdef0'),
          'i-1',
          'aws:///a/',
          'aws:///a b',
        ),
        unschedulable: mostly(fc.boolean(), 'true'),
        taints: junk,
      },
      junk,
    ),
    status: some(
      {
        addresses: fc.array(
          fc.oneof({ weight: 20, arbitrary: address }, { weight: 1, arbitrary: junk }),
          { maxLength: 20 },
        ),
        images: junk,
        nodeInfo: junk,
      },
      junk,
    ),
  },
  junk,
  ['metadata', 'spec'],
);

/** The text of a list. */
export const generatedLists: fc.Arbitrary<string> = fc
  .tuple(
    some(
      {
        kind: mostly(fc.constant('NodeList'), 'List', 'Status'),
        apiVersion: mostly(fc.constant('v1')),
        metadata: fc
          .record({
            resourceVersion: mostly(fc.constant('4711'), '1x', '1'.repeat(21)),
            continue: fc.constantFrom('', '', '', 'abc'),
          })
          .map(({ continue: next, ...rest }) => (next === '' ? rest : { ...rest, continue: next })),
        items: fc.array(fc.oneof({ weight: 30, arbitrary: node }, { weight: 1, arbitrary: junk }), {
          maxLength: 6,
        }),
      },
      junk,
      ['kind', 'metadata', 'items'],
    ).filter((list) => !Object.hasOwn(list, 'spec')),
    fc.constantFrom(undefined, undefined, undefined, 1, 4),
    fc.boolean(),
  )
  .map(([list, indent, hasEscapes]) => {
    const written = JSON.stringify(list, undefined, indent);
    // As an encoder may write it that escapes all but ASCII.
    const escaped = hasEscapes
      ? written.replaceAll(
          /[^ -~\n]/g,
          (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
      : written;
    return `${escaped}\n`;
  });
