package dev.kapal.daemon;

import dev.kapal.cli.Kapal;
import dev.kapal.cli.Version;
import dev.kapal.cli.context.Caller;
import dev.kapal.cli.context.Client;
import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.LiveConfiguration;
import dev.kapal.cli.context.Streams;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.Events;
import dev.kapal.engine.Execs;
import dev.kapal.engine.Pods;
import dev.kapal.engine.Volumes;
import dev.kapal.image.Images;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Terminals;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** {@code kapald --check}: the check of a host on which no daemon starts. */
final class StandaloneCheck {
  private StandaloneCheck() {}

  /** Returns the exit status. */
  static int run(ConfigSource source, List<String> words) {
    Linux linux = Linux.system();
    Logging.setUp(false, "error");
    ConfigSource.Loaded loaded = source.load();
    // With faulty files the rest of the host can be checked all the same.
    KapalConfig config =
        loaded instanceof ConfigSource.Loaded.Good good ? good.config() : source.withoutFiles();
    Version version = Wiring.version();
    Kapal kapal =
        new Kapal(
            new NoEngine(),
            new Fixed(source, config),
            limit -> ScratchEngine.open(linux, config, version, limit),
            linux,
            version,
            () -> {});
    List<String> command = new ArrayList<>(List.of("check"));
    command.addAll(words);
    // They are the process's own, which it keeps to its end.
    Fd input = Fd.of(0, number -> {});
    Fd output = Fd.of(1, number -> {});
    Fd error = Fd.of(2, number -> {});
    Terminals terminals = linux.terminals();
    return kapal.run(
        new CommandContext(
            command,
            Path.of("").toAbsolutePath().toString(),
            System.getenv(),
            new Streams(
                input,
                output,
                error,
                terminals.isTerminal(input),
                terminals.isTerminal(output),
                terminals.isTerminal(error)),
            new Caller(0, 0, 0),
            new Terminal(terminals, output)));
  }

  /** The process's own terminal. Signals end the process, as they do by default. */
  private record Terminal(Terminals terminals, Fd output) implements Client {
    @Override
    public WindowSize windowSize() {
      try {
        Terminals.WindowSize size = terminals.windowSize(output);
        return new WindowSize(size.rows(), size.columns());
      } catch (ErrnoException _) {
        return new WindowSize(0, 0);
      }
    }

    @Override
    public void onResize(Consumer<WindowSize> listener) {}

    @Override
    public void onSignal(IntConsumer listener) {}

    @Override
    public void raw(boolean on) {}
  }

  /** A configuration that nobody reloads. */
  private record Fixed(ConfigSource source, KapalConfig current) implements LiveConfiguration {
    @Override
    public List<Change> pending() {
      return List.of();
    }

    @Override
    public Reloaded reload() {
      return new Reloaded(List.of(), List.of());
    }
  }

  /** In place of an engine: the check opens its own. */
  private static final class NoEngine implements Engine {
    private static EngineException none() {
      return new EngineException.Unsupported(
          "no engine serves here; only check works without a daemon");
    }

    @Override
    public Containers containers() {
      throw none();
    }

    @Override
    public Pods pods() {
      throw none();
    }

    @Override
    public Execs execs() {
      throw none();
    }

    @Override
    public Images images() {
      throw none();
    }

    @Override
    public Volumes volumes() {
      throw none();
    }

    @Override
    public EngineNetworks networks() {
      throw none();
    }

    @Override
    public Events events() {
      throw none();
    }

    @Override
    public EngineSystem system() {
      throw none();
    }

    @Override
    public void close() {}
  }
}
