import { ListDocumentVersionsCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Problem } from '../../shared/contract/report.ts';
import { clientConfig } from './client-config.ts';
import { trouble } from './trouble.ts';

/** The stack makes one version of its document, and the function runs that one. */
const OWN_VERSION = '1';

/**
 * Whether somebody has added a version to the stack's document: who may do that may also run it as root
 * on every host, if not through this function.
 */
export async function documentProblems(
  document: string,
  region: string | undefined,
): Promise<readonly Problem[]> {
  const client = new SSMClient(clientConfig(region));
  try {
    const { DocumentVersions = [] } = await client.send(
      new ListDocumentVersionsCommand({ Name: document }),
    );
    const added = DocumentVersions.flatMap(({ DocumentVersion: version }) =>
      version === undefined || version === OWN_VERSION ? [] : [version],
    );
    if (added.length === 0) return [];
    const message = `somebody has added a version to the document of the stack: ${added.join(', ')}; the function runs version ${OWN_VERSION} alone`;
    return [{ where: document, message }];
  } catch (error) {
    throw trouble('listing the versions of the document', error);
  } finally {
    client.destroy();
  }
}
