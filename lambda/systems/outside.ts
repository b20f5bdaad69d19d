import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** What Node's agents take of the environment to go through a proxy: they read it only where it is given to them. */
export const PROXY = { proxyEnv: process.env } as const;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** From now on every connection trusts these authorities too, in PEM, beside the public ones. */
export function trust(certificates: string): void {
  const own = certificates.match(CERTIFICATE) ?? [];
  setDefaultCACertificates([...getCACertificates('default'), ...own]);
}
