import { Fn } from 'aws-cdk-lib';
import {
  CfnInternetGateway,
  CfnRoute,
  CfnRouteTable,
  CfnSubnet,
  CfnSubnetRouteTableAssociation,
  CfnVPC,
  CfnVPCGatewayAttachment,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** It lies in no network of k3s: pods have 10.42.0.0/16, services 10.43.0.0/16. */
const CIDR = '10.77.0.0/24';

/**
 * A network with one public subnet. Instances reach the internet by addresses of their own, because a NAT
 * gateway would cost more than they do.
 */
export function createNetwork(
  scope: Construct,
  zone: string | undefined,
): { readonly vpcId: string; readonly subnetId: string; readonly route: CfnRoute } {
  const vpc = new CfnVPC(scope, 'Network', { cidrBlock: CIDR, enableDnsHostnames: true });
  const gateway = new CfnInternetGateway(scope, 'Gateway');
  const attached = new CfnVPCGatewayAttachment(scope, 'Attachment', {
    vpcId: vpc.ref,
    internetGatewayId: gateway.ref,
  });
  const subnet = new CfnSubnet(scope, 'Subnet', {
    vpcId: vpc.ref,
    cidrBlock: CIDR,
    availabilityZone: zone ?? Fn.select(0, Fn.getAzs()),
    mapPublicIpOnLaunch: true,
  });
  const table = new CfnRouteTable(scope, 'Routes', { vpcId: vpc.ref });
  const route = new CfnRoute(scope, 'ToInternet', {
    routeTableId: table.ref,
    destinationCidrBlock: '0.0.0.0/0',
    gatewayId: gateway.ref,
  });
  route.node.addDependency(attached);
  new CfnSubnetRouteTableAssociation(scope, 'SubnetRoutes', {
    subnetId: subnet.ref,
    routeTableId: table.ref,
  });
  return { vpcId: vpc.ref, subnetId: subnet.ref, route };
}
