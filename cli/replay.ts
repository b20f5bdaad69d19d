import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openCapture } from './replay/captured-files.ts';
import { judgeCapture } from './replay/judge-capture.ts';
import { formatTime } from '../shared/core/time.ts';
import { usage } from './failure.ts';
import { printReport, VIEW_HELP, VIEW_OPTIONS } from './print-report.ts';
import { renderReplay } from './render/report.ts';
import { withTargets } from './ssh/fix-targets.ts';

const HELP = `vtepwatch replay DIR|BUNDLE [--cluster NAME] [--json]

Checks captured command outputs, offline. Every file is optional:

  DIR/<host>/ip-neigh.txt           ip neigh
  DIR/<host>/bridge-fdb.txt         bridge fdb
  DIR/<host>/ip-route.txt           ip route; and ip -6 route where pods have IPv6
  DIR/<host>/ip-link.txt            ip -d -o link
  DIR/<host>/ip-addr.txt            ip -o addr
  DIR/<host>/kubectl-get-nodes.txt  time kubectl get nodes
  DIR/nodes.json                    kubectl get nodes -o json
  DIR/daemonsets.json               kubectl get daemonsets -A -o json

vtepwatch capture writes such a directory, or all of it in one file, a bundle.

  --cluster NAME  the name to use in keys; default: the name of DIR or BUNDLE
  --json          print the document instead of text
${VIEW_HELP}  --help          this text

Exit status: 0 healthy, 1 incident, 2 could not judge or read, 64 wrong usage.
`;

export async function replay(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      cluster: { type: 'string' },
      ...VIEW_OPTIONS,
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [directory, ...more] = positionals;
  if (directory === undefined || more.length > 0) {
    throw usage('replay takes one directory or bundle: see vtepwatch replay --help');
  }
  const cluster = values.cluster ?? basename(resolve(directory), '.json');
  const files = await openCapture(directory);
  // Nothing is deployed that could print the hosts of a fix.
  const report = withTargets(await judgeCapture(files, cluster), new Map());
  const time =
    files.captured && `captured ${formatTime(files.captured.at)}, by ${files.captured.shownBy}`;
  return printReport(report, values, (shown, columns) => renderReplay(shown, time, columns));
}
