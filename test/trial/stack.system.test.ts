import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { createDeployment } from '../../infra/deployment.ts';
import { instancesWords } from '../../trial/deploying.ts';
import { K3sStack } from '../../trial/stack/k3s-stack.ts';
import { clusterSettings, hostTargetsOf } from '../../trial/settings.ts';
import { ASSET, folder, resourceOf, resourcesOf } from '../infra/support/deployed.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const SCRIPT = path.join(ROOT, 'trial', 'stack', 'node.sh');
const SLOW = { timeout: 120_000 };

const TRIAL = {
  name: 'try',
  instanceType: 't4g.small',
  k3s: 'v1.36.0+k3s1',
  lifeMinutes: 180,
} as const;

function templateOf(changes: object = {}): Template {
  const app = new App({ analyticsReporting: false, outdir: folder() });
  return Template.fromStack(new K3sStack(app, { ...TRIAL, ...changes }));
}

describe("the stack of a trial's instances", SLOW, () => {
  const template = templateOf();
  const instances = resourcesOf(template, 'AWS::EC2::Instance');

  test('has a server and two agents', () => {
    expect(Object.keys(instances)).toEqual(['Server', 'Agent1', 'Agent2']);
  });

  test('lets nothing in but what its own instances send each other for k3s', () => {
    expect(resourceOf(template, 'AWS::EC2::SecurityGroup')).not.toHaveProperty(
      'SecurityGroupIngress',
    );
    const open = Object.values(resourcesOf(template, 'AWS::EC2::SecurityGroupIngress'));
    const own = '{Group.GroupId}';
    expect(
      open.map(({ GroupId, SourceSecurityGroupId, IpProtocol, FromPort, ToPort }) =>
        [GroupId, SourceSecurityGroupId, IpProtocol, FromPort, ToPort].join(' '),
      ),
    ).toEqual([
      `${own} ${own} udp 8472 8472`,
      `${own} ${own} tcp 6443 6443`,
      `${own} ${own} tcp 10250 10250`,
    ]);
  });

  test('has instances with IMDSv2 alone and encrypted disks, which end when they shut down', () => {
    for (const instance of Object.values(instances)) {
      expect(instance).toMatchObject({
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [{ Ebs: { Encrypted: true, DeleteOnTermination: true } }],
        InstanceInitiatedShutdownBehavior: 'terminate',
      });
    }
  });

  test('tags the instances so that the settings of the trial select them', () => {
    const tags = hostTargetsOf('try').map(({ Key, Values: [Value] }) => ({
      Key: Key.replace('tag:', ''),
      Value,
    }));
    for (const instance of Object.values(instances)) {
      expect(instance['Tags']).toEqual(expect.arrayContaining(tags));
    }
  });

  test('has the token of k3s nowhere: the instances fetch it, and may read nothing else', () => {
    expect(resourceOf(template, 'AWS::SecretsManager::Secret')).toMatchObject({
      GenerateSecretString: { PasswordLength: 48 },
    });
    expect(JSON.stringify(instances)).not.toContain('resolve:secretsmanager');
    expect(resourceOf(template, 'AWS::IAM::Policy')).toMatchObject({
      PolicyDocument: {
        Statement: [{ Action: 'secretsmanager:GetSecretValue', Resource: '{Token}' }],
      },
    });
    const { ManagedPolicyArns: managed } = resourceOf(template, 'AWS::IAM::Role');
    expect(managed).toEqual(['arn:{AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore']);
  });

  test('starts no instance before its role has the policy that lets it read the token', () => {
    const [profile] = Object.values(template.findResources('AWS::IAM::InstanceProfile'));
    expect(profile?.['DependsOn']).toEqual([
      expect.stringMatching(/^RoleDefaultPolicy/),
      expect.stringMatching(/^Role/),
    ]);
  });

  test('keeps nothing, and makes no NAT gateway', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/Retain|AWS::EC2::NatGateway/);
  });

  test('takes the image that fits the type, and the zone that is named', () => {
    const images = (type: string): string =>
      JSON.stringify(templateOf({ instanceType: type, zone: 'eu-central-1b' }).toJSON());
    expect(images('t3.small')).toContain('al2023-ami-kernel-6.1-x86_64');
    expect(images('t4g.small')).toContain('al2023-ami-kernel-6.1-arm64');
    expect(images('t3.small')).toContain('"AvailabilityZone":"eu-central-1b"');
  });
});

test("the trial's vtepwatch passes every check of a deployment", SLOW, () => {
  const { clusters }: { readonly clusters?: unknown } = Object(
    clusterSettings('try', { account: '111122223333', region: 'eu-central-1' }),
  );
  const app = createDeployment({ asset: ASSET, clusters, app: { outdir: folder() } });
  expect(app.synth().stacks.map(({ stackName }) => stackName)).toEqual(['Vtepwatch-try']);
});

test('the CDK synthesises the instances by the rules of CloudFormation', SLOW, () => {
  const out = folder();
  const words = ['synth', '--quiet', '--no-notices', '--output', out];
  const cdk = path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const { status, stderr } = spawnSync(
    process.execPath,
    [cdk, ...words, ...instancesWords(TRIAL)],
    {
      cwd: ROOT,
      env: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, HOME: out },
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, '']);
});

test('shellcheck finds nothing in the script of an instance', ({ skip }) => {
  const isThere = spawnSync('shellcheck', ['--version']).error === undefined;
  if (!isThere && process.env['CI'] === undefined) skip('shellcheck is not installed');
  const words = ['--shell=sh', '--severity=style', SCRIPT];
  expect(execFileSync('shellcheck', words, { encoding: 'utf8' })).toBe('');
});
