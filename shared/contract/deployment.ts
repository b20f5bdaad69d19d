/**
 * What the deployment and the command line agree on: how a cluster's stack is found, and under which
 * keys its outputs say what was deployed.
 */

/**
 * A cluster has a stack of its own. CloudFormation takes letters, digits and hyphens
 * (`[a-zA-Z][-a-zA-Z0-9]*`, 128 characters), so every other character becomes a hyphen; the app
 * refuses two clusters that would share a stack.
 */
export const stackNameOf = (cluster: string): string =>
  `Vtepwatch-${cluster.replaceAll(/[^A-Za-z0-9-]/g, '-')}`;

/** The keys of the stack's outputs. */
export const OUTPUTS = {
  functionName: 'FunctionName',
  documentName: 'DocumentName',
  tableName: 'TableName',
  /** Pages go to this topic. */
  topicArn: 'TopicArn',
} as const;
