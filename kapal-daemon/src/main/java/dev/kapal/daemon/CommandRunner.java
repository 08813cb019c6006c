package dev.kapal.daemon;

import dev.kapal.cli.context.CommandContext;

/** Runs one command to its end. */
@FunctionalInterface
interface CommandRunner {
  /** Returns the exit status. */
  int run(CommandContext context);
}
