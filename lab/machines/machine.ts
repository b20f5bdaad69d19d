import type { ChildProcess } from 'node:child_process';

/** What is true of a host of the lab's cluster, whatever it is made of. */
export interface Host {
  /** Its host name and its name in the cluster: `master1`. */
  readonly name: string;
  /** Its SSM managed-node id, `^mi-\w{17}$`. */
  readonly instanceId: string;
  readonly master: boolean;
  readonly underlayIp: string;
  /** The network address of `podCidr`, as flannel has it. */
  readonly tunnelIp: string;
  readonly podCidr: string;
  readonly vtepMac: string;
}

/** What a program on a machine is given beside its arguments. */
export interface SpawnOptions {
  /** Added to the machine's own environment; nothing else is inherited from the lab. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is then closed. Without it the input is empty. */
  readonly stdin?: string;
}

export interface RunOptions extends SpawnOptions {
  /** The program and all it started are killed after this long. Default 30. */
  readonly timeoutSeconds?: number;
}

export interface Outcome {
  /** The exit code: 127 where there is no such program, 126 where it may not be run, 128 and the
   * signal's number where a signal ended it. */
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine extends Host {
  /** Starts a program on this machine as its root: its network, host name and file system. It leads
   * a process group of its own: `process.kill(-child.pid, …)` reaches all it started. Its standard
   * output and error are pipes, its standard input is one if `stdin` is given. */
  spawn(command: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs a program to its end. One that outlives its time or floods its output is an error; any
   * exit code is an outcome. */
  run(command: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Writes a file on the machine's own file system, and the directories above it. The path is
   * absolute, as the machine sees it, and below `/etc`, `/var/lib` or `/usr/local`: the rest of a
   * real machine's files are those of the computer that the lab runs on. */
  write(path: string, text: string): Promise<void>;
}

/** A host that is simulated: nothing runs on it, and it knows what the script would print. */
export interface SimulatedHost extends Host {
  /** Standard output of a command with these parameters, for each of which there is a value. */
  answer(parameters: ReadonlyMap<string, string>): string;
}

/** The lab's hosts on one underlay. */
export interface Machines {
  /** `real`: Linux hosts in namespaces. `modelled`: directories with fake `ip` and `bridge`. */
  readonly kind: 'real' | 'modelled';
  readonly machines: readonly Machine[];
  /** Ends every program and removes all that was made. May be called again. */
  close(): Promise<void>;
}
