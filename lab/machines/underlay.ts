/** Every host's interface on the network that carries the overlay. */
export const UNDERLAY_DEVICE = 'eth0';
export const UNDERLAY_PREFIX_BITS = 24;
export const UNDERLAY_MTU_BYTES = 1500;

/** A locally administered address that tells the host, so that a capture can be read. */
export function underlayMac(underlayIp: string): string {
  const bytes = underlayIp.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `02:00:${bytes.join(':')}`;
}
