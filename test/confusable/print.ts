import { outcomeTable } from './named.ts';

/** Prints how often each cause is named right, wrong and not at all: `node test/confusable/print.ts`. */
process.stdout.write(outcomeTable());
