package dev.kapal.cli.command;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.output.StreamClosedException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Does the same to many things; one that fails does not keep the others from it. */
final class Each {
  private Each() {}

  /** Does it to each and prints each name; what failed is told on standard error. */
  static int name(Invocation i, List<String> names, Consumer<String> work)
      throws InterruptedException {
    return of(
        i,
        names,
        name -> {
          work.accept(name);
          return name;
        });
  }

  /** Does it to each and prints what that gives, when it is not empty. */
  static int of(Invocation i, List<String> names, UnaryOperator<String> work)
      throws InterruptedException {
    int status = 0;
    for (String name : names) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      try {
        String line = work.apply(name);
        if (!line.isEmpty()) {
          i.out().line(line);
          i.out().flush();
        }
      } catch (StreamClosedException e) {
        throw e;
      } catch (RuntimeException e) {
        if (Failures.cancelled(e)) {
          throw new InterruptedException();
        }
        i.out().flush();
        i.err().line("kapal: " + Failures.message(e));
        status = 1;
      }
    }
    return status;
  }
}
