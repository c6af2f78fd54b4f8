#!/usr/bin/env node
import { CommanderError } from 'commander';
import { createProgram } from './command-tree.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { say } from './output.ts';

/** Errors whose message is written for the person; anything else is a fault of this program. */
const EXPECTED = ['InputError', 'LocatedError', 'InfeasibleError', 'WriteError'];

function report(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
    return;
  }
  process.exitCode = exitCodeOf(error);
  if (error instanceof Error && EXPECTED.includes(error.name)) {
    say(error.message);
    return;
  }
  const [first = ''] = String(error).split('\n');
  say(`rackrate: ${first.slice(0, 300)} (this is a bug in rackrate; -v shows where)`);
  if (process.argv.includes('-v') || process.argv.includes('--verbose')) say(String((error as Error).stack));
}

/** A reader that has seen enough (`| head`) closes the pipe; that is no fault of either side. */
function endQuietlyWhenNobodyReads(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') report(error);
  });
}

endQuietlyWhenNobodyReads(process.stdout);
endQuietlyWhenNobodyReads(process.stderr);
try {
  await createProgram().parseAsync();
} catch (error) {
  report(error);
}
