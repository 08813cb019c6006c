package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.Option;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.RestartPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

/**
 * What changes containers that are there: stop, restart, kill, pause, unpause, rm, rename, wait,
 * update, prune.
 */
final class LifeCommands {
  private static final int ANY = Integer.MAX_VALUE;

  /** So many are stopped at a time. */
  private static final int AT_A_TIME = 16;

  private LifeCommands() {}

  private static final Option TIME =
      value(
              "time",
              "SECONDS",
              "Seconds until SIGKILL; -1 waits for ever (default the container's, 10)")
          .letter('t');

  private static final Option TIMEOUT = value("timeout", "SECONDS", "Same as --time").hide();

  private static final Option SIGNAL =
      value("signal", "SIGNAL", "Signal to send, by name or number").letter('s');

  private static Leaf.Builder each(String name, String summary) {
    return Leaf.named(name)
        .section(RunCommands.SECTION)
        .summary(summary)
        .operands("CONTAINER [CONTAINER...]", 1, ANY)
        .completes(Completion.RUNNING);
  }

  static final Leaf STOP =
      each("stop", "Stop running containers")
          .description("Ask containers to end, and kill them when they have not after a while.")
          .example("kapal stop web", "stop it within 10 seconds")
          .example("kapal stop -t 60 db", "give it a minute")
          .options(TIME, TIMEOUT, SIGNAL)
          .does(i -> together(i, name -> stop(i, name)));

  static final Leaf RESTART =
      each("restart", "Stop containers and start them again")
          .completes(Completion.CONTAINER)
          .example("kapal restart web", "restart it")
          .options(TIME, TIMEOUT, SIGNAL)
          .does(i ->
              together(
                  i,
                  name -> {
                    i.engine().containers().restart(name, time(i), i.arguments().value("signal"));
                    return name;
                  }));

  static final Leaf KILL =
      each("kill", "Send a signal to running containers")
          .example("kapal kill web", "end it at once")
          .example("kapal kill -s HUP web", "make it read its configuration again")
          .options(
              value("signal", "SIGNAL", "Signal to send, by name or number (default KILL)")
                  .letter('s'))
          .does(i ->
              Each.name(
                  i,
                  i.operands(),
                  name ->
                      i.engine()
                          .containers()
                          .kill(name, i.arguments().value("signal").orElse("KILL"))));

  static final Leaf PAUSE =
      each("pause", "Freeze all processes of containers")
          .example("kapal pause web", "freeze it")
          .does(i -> Each.name(i, i.operands(), name -> i.engine().containers().pause(name)));

  static final Leaf UNPAUSE =
      each("unpause", "Thaw the processes of containers")
          .example("kapal unpause web", "let it go on")
          .does(i -> Each.name(i, i.operands(), name -> i.engine().containers().unpause(name)));

  static final Leaf RM =
      each("rm", "Remove containers")
          .completes(Completion.CONTAINER)
          .aliases("remove")
          .example("kapal rm web", "remove a container that does not run")
          .example("kapal rm -f $(kapal ps -aq)", "remove all containers")
          .options(
              flag("force", "Kill them if they run; no error when there is none such").letter('f'),
              flag("volumes", "Remove their anonymous volumes too").letter('v'),
              flag("link", "Not supported").letter('l').hide())
          .does(i -> together(i, name -> remove(i, name) ? name : ""));

  static final Leaf RENAME =
      Leaf.named("rename")
          .section(RunCommands.SECTION)
          .summary("Give a container another name")
          .operands("CONTAINER NEW_NAME", 2, 2)
          .completesOnly(Completion.CONTAINER)
          .example("kapal rename web web-old", "rename it")
          .does(i -> {
            i.engine().containers().rename(i.arguments().operand(0), i.arguments().operand(1));
            return 0;
          });

  static final Leaf WAIT =
      each("wait", "Wait until containers end, and print their exit statuses")
          .completes(Completion.CONTAINER)
          .example("kapal wait job", "wait for its end")
          .options(
              value(
                      "condition",
                      "CONDITION",
                      "What to wait for: not-running, next-exit or removed (default not-running)")
                  .among("not-running", "next-exit", "removed"))
          .does(LifeCommands::await);

  static final Leaf UPDATE =
      each("update", "Change the limits of containers")
          .completes(Completion.CONTAINER)
          .example("kapal update --memory 1g --cpus 2 web", "give it more")
          .example("kapal update --restart unless-stopped web", "start it again whenever it ends")
          .options(RunOptions.limits())
          .options(
              value("restart", "POLICY", "Restart policy")
                  .among("no", "on-failure", "always", "unless-stopped"))
          .does(LifeCommands::update);

  static final Leaf PRUNE =
      Leaf.named("prune")
          .summary("Remove all containers that do not run")
          .example(
              "kapal container prune -f --filter until=24h",
              "remove those older than a day without asking")
          .options(Prune.FORCE, Prune.FILTER)
          .does(i ->
              Prune.run(
                  i,
                  "This removes all containers that do not run.",
                  "Deleted Containers",
                  filters -> i.engine().containers().prune(filters)));

  private static Optional<Duration> time(Invocation i) {
    return i.arguments()
        .value("time")
        .or(() -> i.arguments().value("timeout"))
        .map(text -> Duration.ofSeconds(Scalars.number("time", text, -1, Integer.MAX_VALUE)));
  }

  private static String stop(Invocation i, String name) {
    try {
      i.engine().containers().stop(name, time(i), i.arguments().value("signal"));
    } catch (EngineException.Unchanged e) {
      // Docker too is content with a container that has ended already.
    }
    return name;
  }

  /** Whether there was something to remove: to force what is not there is no error. */
  private static boolean remove(Invocation i, String name) {
    try {
      i.engine().containers().remove(name, i.flag("force"), i.flag("volumes"));
      return true;
    } catch (EngineException.NotFound e) {
      if (!i.flag("force")) {
        throw e;
      }
      return false;
    }
  }

  /**
   * Several containers at a time, since each may take its time; what the work gives is told in the
   * order given.
   */
  private static int together(Invocation i, UnaryOperator<String> work)
      throws InterruptedException {
    List<String> names = i.operands();
    if (names.size() == 1) {
      return Each.of(i, names, work);
    }
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            Math.min(AT_A_TIME, names.size()),
            Thread.ofPlatform().daemon().name("kapal-together-", 0).factory())) {
      List<Future<String>> futures = new ArrayList<>();
      for (String name : names) {
        futures.add(threads.submit(() -> work.apply(name)));
      }
      try {
        int[] at = {0};
        return Each.of(i, names, name -> join(futures.get(at[0]++)));
      } finally {
        threads.shutdownNow();
      }
    }
  }

  private static String join(Future<String> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      throw new CommandFailedException(new IllegalStateException("interrupted", e), 130);
    }
  }

  private static int await(Invocation i) throws InterruptedException {
    String text = i.arguments().value("condition").orElse("not-running");
    WaitCondition condition =
        switch (text) {
          case "not-running" -> WaitCondition.NOT_RUNNING;
          case "next-exit" -> WaitCondition.NEXT_EXIT;
          case "removed" -> WaitCondition.REMOVED;
          default ->
              throw new UsageException(
                  "invalid value \""
                      + text
                      + "\" for --condition: use not-running, next-exit or removed");
        };
    int status = 0;
    for (String name : i.operands()) {
      try {
        i.out().line(Integer.toString(i.engine().containers().await(name, condition).code()));
        i.out().flush();
      } catch (EngineException e) {
        i.err().line("kapal: " + Failures.message(e));
        status = 1;
      }
    }
    return status;
  }

  private static int update(Invocation i) throws InterruptedException {
    Resources changes;
    Optional<RestartPolicy> restart;
    try {
      changes = ResourceOptions.of(i.arguments());
      restart = i.arguments().value("restart").map(RestartPolicy::parse);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
    if (i.arguments().given().isEmpty()) {
      throw new UsageException("update was told no change: give at least one option");
    }
    Containers containers = i.engine().containers();
    return Each.name(
        i,
        i.operands(),
        name ->
            containers
                .update(name, changes, restart)
                .forEach(warning -> i.err().line("WARNING: " + warning)));
  }

  /** Filters of the command line; the time in {@code until} becomes a moment. */
  static Filters filters(Invocation i) {
    return Filters.parse(
        i.arguments().list("filter").stream()
            .map(term ->
                term.startsWith("until=")
                    ? "until="
                        + Scalars.moment("filter until", term.substring(6), i.now(), i.zone())
                    : term)
            .toList());
  }
}
