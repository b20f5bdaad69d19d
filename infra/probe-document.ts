import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { PROBE_PARTS, probeDocument } from '../shared/contract/probe.ts';
import type { Cluster } from './cluster.ts';

/**
 * The SSM document: the very script that the lab runs. It has no name of its own, so that each other
 * text is another document: what the function sends, what its role may send, and the text itself
 * change as one, and a rollback brings all three back.
 */
export function createProbeDocument(scope: Construct, cluster: Cluster): CfnDocument {
  return new CfnDocument(scope, 'Probe', {
    documentType: 'Command',
    documentFormat: 'JSON',
    content: documentOf(cluster),
    // Without it the document runs on no kind of host.
    targetType: '/',
  });
}

const PARTS = path.join(import.meta.dirname, '..', 'shared', 'contract', 'probe');

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html */
const MAX_BYTES = 64 * 1024;

function documentOf(cluster: Cluster): object {
  const parts = PROBE_PARTS.map((part) => readFileSync(path.join(PARTS, part), 'utf8'));
  const document = probeDocument(parts.join(''), cluster);
  const bytes = Buffer.byteLength(JSON.stringify(document));
  if (bytes > MAX_BYTES) {
    throw new Error(`the SSM document has ${bytes} bytes, and the service takes ${MAX_BYTES}`);
  }
  return document;
}
