import { createHash } from 'node:crypto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';
import {
  ATTR_K8S_CLUSTER_NAME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';
import { TELEMETRY_SCOPE } from '../../../shared/contract/telemetry.ts';
import { VERSION } from '../../../shared/contract/version.ts';
import type { Environment } from './signals.ts';

export interface FunctionIdentity {
  /** As in the context of an invocation; a version or alias at its end is left out. */
  readonly functionArn: string;
  readonly functionVersion: string;
  /** The monitored cluster. Its name is on every record too: not all backends promote the resource's. */
  readonly cluster: string;
}

const BYTES_PER_MEBIBYTE = 1_048_576;

/**
 * The sender of all records. Nothing in it changes with a cold start: the sandbox's host name, process
 * id and log stream would make every metric a new series. The SDK's detector overrides it with
 * `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`.
 */
export function functionResource(environment: Environment, identity: FunctionIdentity): Resource {
  const { arn, region, account, name } = parseArn(identity.functionArn);
  const logGroup = environment['AWS_LAMBDA_LOG_GROUP_NAME'];
  const memory = Number(environment['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']);
  return defaultResource().merge(
    resourceFromAttributes({
      [ATTR_SERVICE_NAME]: TELEMETRY_SCOPE,
      [ATTR_SERVICE_VERSION]: VERSION,
      [ATTR_SERVICE_INSTANCE_ID]: instanceIdOf(arn),
      [ATTR_K8S_CLUSTER_NAME]: identity.cluster,
      'cloud.provider': 'aws',
      'cloud.platform': 'aws_lambda',
      'cloud.region': region,
      'cloud.account.id': account,
      'cloud.resource_id': arn,
      'faas.name': name,
      'faas.version': identity.functionVersion,
      'aws.log.group.names': logGroup === undefined ? undefined : [logGroup],
      'faas.max_memory': memory > 0 ? memory * BYTES_PER_MEBIBYTE : undefined,
    }),
  );
}

/** The function's own name, which its root span has. */
export function functionNameOf(functionArn: string): string {
  return parseArn(functionArn).name;
}

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, with or without `:VERSION`. */
function parseArn(text: string): {
  readonly arn: string;
  readonly region: string | undefined;
  readonly account: string | undefined;
  readonly name: string;
} {
  const parts = text.split(':').slice(0, 7);
  const [, , , region, account, , name] = parts;
  return { arn: parts.join(':'), region, account, name: name ?? text };
}

/** The namespace that the semantic conventions give for `service.instance.id`. */
const NAMESPACE = Buffer.from('4d63009a8d0f11eeaad74c796ed8e320', 'hex');

/**
 * The UUID of version 5 (RFC 9562, section 5.5) of a function's ARN. It is the same at every cold
 * start, so that a series does not end with its process. Only one process runs at a time.
 */
function instanceIdOf(functionArn: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(functionArn).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
