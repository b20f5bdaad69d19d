/**
 * What the deployment and the command line agree on: the name and the description of a cluster's stack,
 * and the keys of its outputs.
 */

/**
 * Each cluster has a stack of its own. The names of stacks are letters, digits and hyphens
 * (`[a-zA-Z][-a-zA-Z0-9]*`, up to 128), so every other character becomes a hyphen. Synthesis refuses
 * two clusters that would share a stack.
 */
export const stackNameOf = (cluster: string): string => `Vtepwatch-${stackPartOf(cluster)}`;

/** What people use stands in a stack of its own, whose name no cluster's stack can have. */
export const operatorsStackNameOf = (cluster: string): string =>
  `VtepwatchOperators-${stackPartOf(cluster)}`;

function stackPartOf(cluster: string): string {
  return cluster.replaceAll(/[^A-Za-z0-9-]/g, '-');
}

const DESCRIPTION = 'vtepwatch: monitors the overlay network of ';

/** The description of a cluster's stack has the cluster's whole name, and a StackSet keeps it. */
export const stackDescriptionOf = (cluster: string): string => DESCRIPTION + cluster;

/** The cluster of a stack with this description; undefined where it is no stack of vtepwatch. */
export const clusterDescribedBy = (description: string): string | undefined =>
  description.startsWith(DESCRIPTION) ? description.slice(DESCRIPTION.length) : undefined;

/** The keys of the stack's outputs. */
export const OUTPUTS = {
  functionName: 'FunctionName',
  documentName: 'DocumentName',
  tableName: 'TableName',
  /** Pages go to this topic. */
  topicArn: 'TopicArn',
  /** Alarms about vtepwatch itself go to this topic. */
  alarmTopicArn: 'AlarmTopicArn',
  logGroupName: 'LogGroupName',
} as const;

/** The keys of the outputs of the operators' stack. */
export const OPERATORS_OUTPUTS = {
  documentName: OUTPUTS.documentName,
  /** The managed policy, to attach to people's roles. */
  policyArn: 'PolicyArn',
} as const;
