package dev.kapal.cli.command;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Option;
import dev.kapal.cli.output.FdInput;
import dev.kapal.cli.output.Humans;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PruneReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/** What all prune commands share: the question before and the report after. */
final class Prune {
  private static final int LONGEST = 1024;

  private Prune() {}

  /** Without a letter: -f is --force here, as with docker. */
  static final Option FILTER =
      Option.list("filter", "KEY=VALUE", "Remove only what meets the condition");

  static final Option FORCE = Option.flag("force", "Do not ask").letter('f');

  static int run(
      Invocation i, String warning, String heading, Function<Filters, PruneReport> work) {
    Filters filters = LifeCommands.filters(i);
    if (!agreed(i, warning)) {
      return 1;
    }
    PruneReport report = work.apply(filters);
    print(i, heading, report);
    i.out().line("Total reclaimed space: " + Humans.size(report.reclaimed()));
    return 0;
  }

  static void print(Invocation i, String heading, PruneReport report) {
    if (!report.removed().isEmpty()) {
      i.out().line(heading + ":");
      report.removed().forEach(i.out()::line);
      i.out().line("");
    }
  }

  /** Asks, unless --force was given. */
  static boolean agreed(Invocation i, String warning) {
    if (i.flag("force")) {
      return true;
    }
    i.out().line("WARNING! " + warning);
    i.out().print("Are you sure you want to continue? [y/N] ");
    i.out().flush();
    String answer = line(i).strip();
    return answer.equalsIgnoreCase("y") || answer.equalsIgnoreCase("yes");
  }

  /** One line of the client's standard input, byte by byte, so that what follows stays there. */
  static String line(Invocation i) {
    byte[] bytes = new byte[LONGEST];
    int n = 0;
    try {
      FdInput in = new FdInput(i.services().linux().descriptors(), i.context().streams().input());
      for (int b = in.read(); b >= 0 && b != '\n' && n < LONGEST; b = in.read()) {
        bytes[n++] = (byte) b;
      }
    } catch (IOException e) {
      return "";
    }
    return new String(bytes, 0, n, StandardCharsets.UTF_8);
  }
}
