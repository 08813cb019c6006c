package dev.kapal.cli;

import dev.kapal.cli.command.Commands;
import dev.kapal.cli.command.Failures;
import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.LiveConfiguration;
import dev.kapal.cli.context.Scratch;
import dev.kapal.cli.model.ArgumentParser;
import dev.kapal.cli.model.Arguments;
import dev.kapal.cli.model.Command;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Help;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.Services;
import dev.kapal.cli.model.Suggestions;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.FdSink;
import dev.kapal.cli.output.Output;
import dev.kapal.cli.output.StreamClosedException;
import dev.kapal.cli.output.Style;
import dev.kapal.engine.Engine;
import dev.kapal.linux.Linux;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The command line. One instance serves all clients, many at a time: it holds the command tree,
 * which is immutable, and nothing else. Commands block; run each on a platform thread of its own.
 */
public final class Kapal {
  private static final int INTERRUPTED = 130;

  private final Services services;
  private final Group root;

  /**
   * @param engine does the work
   * @param configuration of the daemon
   * @param scratch opens engines apart from that one
   * @param linux system calls on the client's descriptors
   * @param version what {@code kapal version} says
   * @param shutdown ends the daemon soon after it returns, for {@code kapal system shutdown};
   *     containers are stopped by then
   */
  public Kapal(
      Engine engine,
      LiveConfiguration configuration,
      Scratch scratch,
      Linux linux,
      Version version,
      Runnable shutdown) {
    this(
        new Services(
            engine,
            configuration,
            scratch,
            linux,
            InstantSource.system(),
            version.version(),
            version.commit(),
            shutdown));
  }

  Kapal(Services services) {
    this.services = services;
    this.root = Commands.tree();
  }

  /**
   * Runs a command to its end, on the calling thread. Whatever goes wrong is told on the client's
   * standard error.
   *
   * @return the exit status for the client
   */
  public int run(CommandContext context) {
    Output out =
        new Output(
            new FdSink(services.linux().descriptors(), context.streams().output()),
            context.streams().outputIsTerminal());
    Output err =
        new Output(
            new FdSink(services.linux().descriptors(), context.streams().error()),
            context.streams().errorIsTerminal());
    return run(context, out, err);
  }

  /** The same with streams of the caller's choice, for tests and embedding. */
  int run(CommandContext context, Output out, Output err) {
    AtomicInteger signal = new AtomicInteger();
    Thread self = Thread.currentThread();
    context
        .client()
        .onSignal(number -> {
          signal.compareAndSet(0, number);
          self.interrupt();
        });
    int status = guarded(context, out, err, signal);
    context.client().onSignal(number -> {});
    boolean ignored = Thread.interrupted();
    return status;
  }

  private int guarded(CommandContext context, Output out, Output err, AtomicInteger signal) {
    try {
      int status = dispatch(context, out, err);
      out.flush();
      err.flush();
      return status;
    } catch (StreamClosedException e) {
      return StreamClosedException.STATUS;
    } catch (InterruptedException e) {
      return signal.get() > 0 ? 128 + signal.get() : INTERRUPTED;
    } catch (RuntimeException e) {
      if (Failures.cancelled(e)) {
        return signal.get() > 0 ? 128 + signal.get() : INTERRUPTED;
      }
      return tell(err, out, Failures.message(e), Failures.status(e));
    }
  }

  private static int tell(Output err, Output out, String message, int status) {
    try {
      out.flush();
    } catch (StreamClosedException e) {
      // the error is still worth telling
    }
    try {
      err.line("kapal: " + message);
      err.flush();
    } catch (StreamClosedException e) {
      // nobody is there to be told
    }
    return status;
  }

  private int dispatch(CommandContext context, Output out, Output err) throws InterruptedException {
    Command command = root;
    String path = "kapal";
    int at = 0;
    List<String> words = context.arguments();
    while (command instanceof Group group) {
      String word = at < words.size() ? words.get(at) : "--help";
      if (word.equals("--help") || word.equals("-h") || word.equals("help")) {
        return help(
            path, group, words.subList(Math.min(at + 1, words.size()), words.size()), context, out);
      }
      if (group == root && (word.equals("--version") || word.equals("-v"))) {
        word = "version";
      }
      Optional<Command> child = group.child(word);
      if (child.isEmpty()) {
        throw unknown(path, group, word);
      }
      command = child.get();
      path = path + " " + command.name();
      at++;
    }
    Leaf leaf = (Leaf) command;
    try {
      Arguments arguments = ArgumentParser.parse(leaf, words.subList(at, words.size()));
      if (arguments.help()) {
        return print(path, leaf, context, out);
      }
      return leaf.action().run(new Invocation(path, arguments, context, out, err, services));
    } catch (UsageException e) {
      throw new UsageException(e.message() + "\n\nRun '" + path + " --help' for more.", e.status());
    }
  }

  private static int help(
      String path, Group group, List<String> words, CommandContext context, Output out) {
    Command command = group;
    String full = path;
    for (String word : words) {
      if (!(command instanceof Group inner) || word.startsWith("-")) {
        break;
      }
      Optional<Command> child = inner.child(word);
      if (child.isEmpty()) {
        throw unknown(full, inner, word);
      }
      command = child.get();
      full = full + " " + command.name();
    }
    return print(full, command, context, out);
  }

  private static int print(String path, Command command, CommandContext context, Output out) {
    Style style = Style.of(out.terminal(), context.environment());
    out.print(Help.of(path, command, Invocation.columns(context), style));
    return 0;
  }

  private static UsageException unknown(String path, Group group, String word) {
    List<String> known =
        group.children().stream().filter(c -> !c.hidden()).map(Command::name).toList();
    String what =
        word.startsWith("-") ? "unknown flag: " + word : "'" + word + "' is not a command";
    return new UsageException(
        what
            + Suggestions.sentence(word, known, path + " ")
            + "\n\nRun '"
            + path
            + " --help' for more.",
        word.startsWith("-") ? UsageException.BAD_OPTION : UsageException.BAD_COMMAND);
  }
}
