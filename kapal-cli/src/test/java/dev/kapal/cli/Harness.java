package dev.kapal.cli;

import dev.kapal.cli.context.Caller;
import dev.kapal.cli.context.Client;
import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.Streams;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.cli.model.Services;
import dev.kapal.cli.output.Output;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.Events;
import dev.kapal.engine.Execs;
import dev.kapal.engine.Volumes;
import dev.kapal.image.Images;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Linux;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Runs commands against fakes. The descriptors are real pipes; what commands print is kept in
 * memory.
 */
public final class Harness {
  public static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

  /** What a command did. */
  public record Result(int status, String out, String err) {}

  /** A client that a test drives. */
  public static final class FakeClient implements Client {
    private volatile IntConsumer signals = signal -> {};
    private volatile Consumer<WindowSize> resizes = size -> {};
    private volatile WindowSize size = new WindowSize(0, 0);
    public final List<Boolean> raw = new ArrayList<>();

    @Override
    public WindowSize windowSize() {
      return size;
    }

    @Override
    public void onResize(Consumer<WindowSize> listener) {
      resizes = listener;
    }

    @Override
    public void onSignal(IntConsumer listener) {
      signals = listener;
    }

    @Override
    public synchronized void raw(boolean on) {
      raw.add(on);
    }

    public void signal(int number) {
      signals.accept(number);
    }

    public void resize(int rows, int columns) {
      size = new WindowSize(rows, columns);
      resizes.accept(size);
    }
  }

  public final Fake<Engine> engine = new Fake<>(Engine.class);
  public final Fake<Containers> containers = new Fake<>(Containers.class);
  public final Fake<Execs> execs = new Fake<>(Execs.class);
  public final Fake<Images> images = new Fake<>(Images.class);
  public final Fake<Volumes> volumes = new Fake<>(Volumes.class);
  public final Fake<EngineNetworks> networks = new Fake<>(EngineNetworks.class);
  public final Fake<Events> events = new Fake<>(Events.class);
  public final Fake<EngineSystem> system = new Fake<>(EngineSystem.class);
  public final FakeClient client = new FakeClient();
  public final Map<String, String> environment =
      new HashMap<>(Map.of("TZ", "UTC", "HOME", "/nonexistent"));
  public final FakeConfiguration configuration = new FakeConfiguration();
  public String directory = "/";
  public String input = "";
  public boolean terminals;
  public volatile int shutdowns;

  public Harness() {
    engine.on("containers", a -> containers.get());
    engine.on("execs", a -> execs.get());
    engine.on("images", a -> images.get());
    engine.on("volumes", a -> volumes.get());
    engine.on("networks", a -> networks.get());
    engine.on("events", a -> events.get());
    engine.on("system", a -> system.get());
  }

  public Kapal kapal() {
    return new Kapal(
        new Services(
            engine.get(),
            configuration,
            limit -> engine.get(),
            Linux.system(),
            () -> NOW,
            "1.2.3",
            "abcdef123456",
            () -> shutdowns++));
  }

  public Result run(String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Descriptors files = Linux.system().descriptors();
    try (Descriptors.Pipe in = files.pipe(Fcntl.O_CLOEXEC);
        Descriptors.Pipe sink = files.pipe(Fcntl.O_CLOEXEC)) {
      files.writeFully(in.writer(), input.getBytes(StandardCharsets.UTF_8));
      in.writer().close();
      CommandContext context =
          new CommandContext(
              List.of(words),
              directory,
              environment,
              new Streams(
                  in.reader(), sink.writer(), sink.writer(), terminals, terminals, terminals),
              new Caller(0, 0, 1),
              client);
      int status =
          kapal()
              .run(context, new Output(out::write, terminals), new Output(err::write, terminals));
      return new Result(
          status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
  }
}
