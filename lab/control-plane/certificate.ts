import { generate } from 'selfsigned';
import type { Tls } from './orders.ts';

/** The name by which the API servers' certificate is checked where the address is not in it. */
export const CERTIFICATE_NAME = 'kubernetes';

const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Makes the one certificate of the lab's control plane: every server shows it, and every client
 * trusts it alone. Good for a day from now. */
export async function makeCertificate(addresses: readonly string[]): Promise<Tls> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: CERTIFICATE_NAME }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 24 * 60 * 60 * 1000),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...[CERTIFICATE_NAME, 'localhost'].map((value) => ({ type: DNS_NAME, value }) as const),
          ...addresses.map((ip) => ({ type: IP_ADDRESS, ip }) as const),
        ],
      },
    ],
  });
  return { certificate: cert, key };
}
