import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { probeDocument } from '../shared/contract/probe.ts';
import type { Cluster } from './cluster.ts';
import { ownScript } from './own-script.ts';

/**
 * The SSM document, with the script that the lab runs. CloudFormation names it, so a changed script
 * is a new document: the function, its role and the script change together, and a rollback brings
 * all three back.
 */
export function createProbeDocument(scope: Construct, id: string, cluster: Cluster): CfnDocument {
  return new CfnDocument(scope, id, {
    documentType: 'Command',
    documentFormat: 'JSON',
    content: probeDocumentOf(cluster),
    // All kinds of hosts. Without a target type the document runs on none.
    targetType: '/',
  });
}

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html */
const MAX_BYTES = 64 * 1024;

function probeDocumentOf(cluster: Cluster): object {
  const document = probeDocument(ownScript(), cluster);
  const bytes = Buffer.byteLength(JSON.stringify(document));
  if (bytes > MAX_BYTES) {
    throw new Error(`the SSM document has ${bytes} bytes; Systems Manager takes ${MAX_BYTES}`);
  }
  return document;
}
