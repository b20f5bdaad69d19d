import type { Host } from '../machine.ts';
import {
  UNDERLAY_DEVICE,
  UNDERLAY_MTU_BYTES,
  UNDERLAY_PREFIX_BITS,
  underlayMac,
} from '../underlay.ts';
import { withLinkLocal } from './link-local.ts';
import type { Link, Model } from './model.ts';

const LOOPBACK_MTU_BYTES = 65_536;

/** The machine before flannel comes: loopback and its end of the underlay. */
export function cabled(host: Host): Model {
  const loopback: Link = {
    index: 1,
    name: 'lo',
    kind: 'loopback',
    up: true,
    mtu: LOOPBACK_MTU_BYTES,
    mac: '00:00:00:00:00:00',
  };
  const underlay: Link = {
    index: 2,
    name: UNDERLAY_DEVICE,
    kind: 'cable',
    up: true,
    mtu: UNDERLAY_MTU_BYTES,
    mac: underlayMac(host.underlayIp),
  };
  const address = `${host.underlayIp}/${UNDERLAY_PREFIX_BITS}`;
  const model: Model = {
    nextIndex: 3,
    links: [loopback, underlay],
    addresses: [{ device: UNDERLAY_DEVICE, address }],
    neighbours: [],
    fdb: [],
    routes: [],
  };
  return withLinkLocal(model, underlay);
}
