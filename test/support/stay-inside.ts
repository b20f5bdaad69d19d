/**
 * Keeps unit tests inside their process: what opens a socket, starts a program or sleeps throws. A test
 * that needs one of these is a system test, and its file is called `*.system.test.ts`.
 */
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import timers from 'node:timers/promises';

function refusing(what: string): () => never {
  return () => {
    throw new Error(`A unit test ${what}. One that must is called *.system.test.ts.`);
  };
}

const connecting = refusing('opens a socket');
net.Socket.prototype.connect = connecting;
net.Server.prototype.listen = connecting;
dgram.createSocket = connecting;

const starting = refusing('starts a program');
// The other asynchronous ways to start a program come down to this one.
Object.assign(childProcess.ChildProcess.prototype, { spawn: starting });
childProcess.spawnSync = starting;
childProcess.execSync = starting;
childProcess.execFileSync = starting;

/** A test may let the event loop go on, milliseconds. What takes longer is handed a virtual clock. */
const SLEEP_MS = 50;

const sleeping = refusing('sleeps');
const pause = globalThis.setTimeout;
globalThis.setTimeout = Object.assign(
  (act: () => void, milliseconds = 0, ...more: []) =>
    milliseconds > SLEEP_MS ? sleeping() : pause(act, milliseconds, ...more),
  pause,
);
timers.setTimeout = sleeping;
syncBuiltinESMExports();
