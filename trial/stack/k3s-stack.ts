import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CfnOutput, Fn, Stack, Tags, Token } from 'aws-cdk-lib';
import {
  AmazonLinuxCpuType,
  CfnInstance,
  CfnSecurityGroup,
  CfnSecurityGroupIngress,
  InstanceArchitecture,
  InstanceType,
  MachineImage,
} from 'aws-cdk-lib/aws-ec2';
import {
  CfnInstanceProfile,
  ManagedPolicy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { HOST_TAG, INSTANCE_OUTPUTS, type Instances, instancesStackOf } from '../agreed.ts';
import { createMailbox } from './mailbox.ts';
import { createNetwork } from './network.ts';

/** How many agents k3s has beside its server. */
const AGENTS = 2;

/** Small enough to cost little, and large enough for the image and k3s. */
const DISK_GIB = 10;

/**
 * One k3s on three instances: a server and two agents, in a network of their own with no way in, and a queue
 * for pages. Nothing in it is kept when it is deleted.
 */
export class K3sStack extends Stack {
  constructor(scope: Construct, instances: Instances) {
    const { name } = instances;
    super(scope, instancesStackOf(name), {
      description: `vtepwatch: the instances of the trial ${name}, to be deleted after it`,
    });
    const network = createNetwork(this, instances.zone);
    const group = createSecurityGroup(this, network.vpcId);
    const token = new CfnSecret(this, 'Token', {
      description: `vtepwatch: the token of the k3s of the trial ${name}`,
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
    });
    const profile = createProfile(this, token.ref);
    const make = (id: string, assignments: Assignments): CfnInstance =>
      createInstance(this, id, {
        instances,
        group,
        profile,
        network,
        assignments: { TOKEN_SECRET: token.ref, REGION: this.region, ...assignments },
      });
    const server = make('Server', { ROLE: 'server' });
    const url = `https://${server.attrPrivateIp}:6443`;
    const agents = Array.from({ length: AGENTS }, (_, at) =>
      make(`Agent${at + 1}`, { ROLE: 'agent', SERVER_URL: url }),
    );
    const queue = createMailbox(this, name);
    const outputs = {
      [INSTANCE_OUTPUTS.server]: server.ref,
      [INSTANCE_OUTPUTS.agents]: Fn.join(
        ',',
        agents.map(({ ref }) => ref),
      ),
      [INSTANCE_OUTPUTS.queueUrl]: queue.ref,
      [INSTANCE_OUTPUTS.queueArn]: queue.attrArn,
    };
    for (const [key, value] of Object.entries(outputs)) new CfnOutput(this, key, { value });
  }
}

/** Between the instances alone: VXLAN, the API server with k3s's own channel, the kubelets. */
const OPEN = [
  { protocol: 'udp', port: 8472 },
  { protocol: 'tcp', port: 6443 },
  { protocol: 'tcp', port: 10250 },
] as const;

function createSecurityGroup(scope: Construct, vpcId: string): string {
  const group = new CfnSecurityGroup(scope, 'Group', {
    groupDescription: 'vtepwatch trial: k3s between its own instances; nothing from outside',
    vpcId,
    securityGroupEgress: [
      { ipProtocol: '-1', cidrIp: '0.0.0.0/0', description: 'Systems Manager, k3s, images' },
    ],
  });
  for (const { protocol, port } of OPEN) {
    new CfnSecurityGroupIngress(scope, `Open${port}`, {
      groupId: group.attrGroupId,
      sourceSecurityGroupId: group.attrGroupId,
      ipProtocol: protocol,
      fromPort: port,
      toPort: port,
      description: 'k3s, from instances of this group',
    });
  }
  return group.attrGroupId;
}

/** The instances may be managed by Systems Manager, and read the token of their k3s. */
function createProfile(scope: Construct, tokenArn: string): string {
  const role = new Role(scope, 'Role', {
    description: 'vtepwatch trial: instances that Systems Manager manages',
    assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('AmazonSSMManagedInstanceCore')],
  });
  role.addToPolicy(
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [tokenArn] }),
  );
  const profile = new CfnInstanceProfile(scope, 'Profile', { roles: [role.roleName] });
  // Without its policies an instance that starts early could not read the token.
  profile.node.addDependency(role);
  return profile.ref;
}

/** Variables of the script, which may be known only when the stack is made. */
type Assignments = Readonly<Record<string, string>>;

interface InstanceNeeds {
  readonly instances: Instances;
  readonly group: string;
  readonly profile: string;
  readonly network: { readonly subnetId: string; readonly route: Construct };
  readonly assignments: Assignments;
}

function createInstance(
  scope: Construct,
  id: string,
  { instances, group, profile, network, assignments }: InstanceNeeds,
): CfnInstance {
  const { name, instanceType, k3s, lifeMinutes } = instances;
  const cpuType = new InstanceType(instanceType).architecture;
  const image = MachineImage.latestAmazonLinux2023({ cpuType: CPU_TYPES[cpuType] });
  const instance = new CfnInstance(scope, id, {
    imageId: image.getImage(scope).imageId,
    instanceType,
    iamInstanceProfile: profile,
    subnetId: network.subnetId,
    securityGroupIds: [group],
    metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
    blockDeviceMappings: [
      {
        deviceName: '/dev/xvda',
        ebs: {
          volumeSize: DISK_GIB,
          volumeType: 'gp3',
          encrypted: true,
          deleteOnTermination: true,
        },
      },
    ],
    instanceInitiatedShutdownBehavior: 'terminate',
    userData: Fn.base64(
      userDataOf({ ...assignments, K3S_VERSION: k3s, LIFE_MINUTES: String(lifeMinutes) }),
    ),
  });
  Tags.of(instance).add(HOST_TAG, name);
  Tags.of(instance).add('Name', `vtepwatch-${name}-${id.toLowerCase()}`);
  // Its first act is to fetch things.
  instance.node.addDependency(network.route);
  return instance;
}

const CPU_TYPES: Readonly<Record<InstanceArchitecture, AmazonLinuxCpuType>> = {
  [InstanceArchitecture.ARM_64]: AmazonLinuxCpuType.ARM_64,
  [InstanceArchitecture.X86_64]: AmazonLinuxCpuType.X86_64,
};

const SCRIPT = path.join(import.meta.dirname, 'node.sh');

/** None of the values can have a quotation mark: they are names, addresses and versions. */
function userDataOf(assignments: Assignments): string {
  const lines = Object.entries(assignments).map(([name, value]) => {
    if (!Token.isUnresolved(value) && value.includes("'")) throw new Error(`${name} has a quote`);
    return `${name}='${value}'`;
  });
  return ['#!/bin/sh', ...lines, readFileSync(SCRIPT, 'utf8')].join('\n');
}
