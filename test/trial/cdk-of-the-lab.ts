#!/usr/bin/env node

/**
 * Stands in for the CDK: `deploy STACK … -c config=FILE --tags KEY=VALUE` asks the lab, whose address is in
 * LAB_DEPLOYMENTS, to make the stack, and ends as the CDK would.
 */

import { readFileSync } from 'node:fs';

const [, , verb, stack = '', ...words] = process.argv;
const config = words.find((word) => word.startsWith('config='))?.slice('config='.length);
const context = words.find((word) => word.startsWith('trial='))?.slice('trial='.length);
const tags = words.filter((_, at) => words[at - 1] === '--tags').join('&');
const answer = await fetch(`${process.env['LAB_DEPLOYMENTS']}/${verb}/${stack}?${tags}`, {
  method: 'POST',
  body: config === undefined ? (context ?? '') : readFileSync(config, 'utf8'),
});
process.stderr.write(`${await answer.text()}\n`);
process.exitCode = answer.ok ? 0 : 1;
