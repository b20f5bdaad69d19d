import { execFile, execFileSync, fork, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';

describe('a unit test stays in its process:', () => {
  test.for([
    ['a server', () => createServer().listen(0)],
    ['a connection', () => connect(1, '127.0.0.1')],
    ['a request', () => request('http://127.0.0.1:1')],
    ['a socket for datagrams', () => createSocket('udp4')],
  ] as const)('%s is refused', ([, open]) => {
    expect(open).toThrow('A unit test opens a socket');
  });

  test.for([
    ['spawn', () => spawn('true')],
    ['execFile', () => execFile('true')],
    ['fork', () => fork('true.js')],
    ['execFileSync', () => execFileSync('true')],
  ] as const)('a program is refused to %s', ([, start]) => {
    expect(start).toThrow('A unit test starts a program');
  });

  test('a sleep is refused', () => {
    expect(() => setTimeout(() => {}, 1000)).toThrow('A unit test sleeps');
    expect(() => sleep(1)).toThrow('A unit test sleeps');
  });
});
