package dev.kapal.cli.trial;

import dev.kapal.cli.context.Scratch;
import dev.kapal.config.check.Trials;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.linux.Linux;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Runs the check's containers in an engine of their own, opened when the first is asked for. */
public final class EngineTrials implements Trials, AutoCloseable {
  private static final String IMAGE = "localhost/busybox:latest";
  private static final Duration AT_MOST = Duration.ofSeconds(20);
  private static final Duration UNDO = Duration.ofSeconds(10);

  private final Scratch scratch;
  private final Linux linux;
  private Optional<Engine> engine = Optional.empty();
  private Optional<String> failure = Optional.empty();
  private int count;

  public EngineTrials(Scratch scratch, Linux linux) {
    this.scratch = scratch;
    this.linux = linux;
  }

  @Override
  public Optional<String> unavailable() {
    if (engine.isEmpty() && failure.isEmpty()) {
      try {
        engine = Optional.of(scratch.open(AT_MOST));
      } catch (RuntimeException | LinkageError e) {
        failure = Optional.of(Failure.message(e));
      }
    }
    return failure;
  }

  @Override
  public Outcome run(String runtime, boolean userNamespace, Duration limit) {
    Optional<String> unavailable = unavailable();
    if (unavailable.isPresent()) {
      return new Outcome.Failed(unavailable.get());
    }
    Engine open = engine.orElseThrow();
    String name = "kapal-check-" + ++count;
    ContainerSpec.Builder spec =
        ContainerSpec.builder(IMAGE)
            .name(name)
            .runtime(runtime)
            .command("sh", "-c", SCRIPT)
            .log(LogSpec.of("none"))
            .network(NetworkSpec.builder().mode("none").build())
            .resources(Resources.builder().memory(MEMORY).build());
    if (userNamespace) {
      spec.namespaces(NamespaceSpec.DEFAULT.withUser(NamespaceMode.PRIVATE, List.of(), List.of()));
    }
    try (Captured output = new Captured(linux)) {
      long begin = System.nanoTime();
      Optional<String> failed = within(limit, () -> run(open, spec.build(), output));
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      if (failed.isPresent()) {
        return new Outcome.Failed(failed.get());
      }
      return new Outcome.Ran(output.text(Duration.ofSeconds(2)), took);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Outcome.Failed("it was interrupted");
    } finally {
      remove(open, name);
    }
  }

  private static void run(Engine engine, ContainerSpec spec, Captured output)
      throws InterruptedException {
    Containers.Running running = engine.containers().run(spec, output.request());
    var _ = running.attachment().await();
    var _ = engine.containers().await(running.created().id(), Containers.WaitCondition.NOT_RUNNING);
  }

  /** Something that may take long. */
  @FunctionalInterface
  private interface Work {
    void run() throws InterruptedException;
  }

  /** Why it failed; empty: it did not. The thread is a platform thread: it makes system calls. */
  private static Optional<String> within(Duration limit, Work work) throws InterruptedException {
    // What failed; nothing: nothing did.
    AtomicReference<String> outcome =
        new AtomicReference<>("it did not start and end within " + limit.toSeconds() + " s");
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("kapal-trial")
            .start(() -> {
              try {
                work.run();
                outcome.set("");
              } catch (InterruptedException e) {
                // The outcome says that time was over.
              } catch (RuntimeException e) {
                outcome.set(Failure.message(e));
              }
            });
    boolean inTime = thread.join(limit);
    String told = String.valueOf(outcome.get());
    if (!inTime) {
      // The driver gives up by its own time limit, which is shorter, and undoes what it did.
      thread.join(UNDO);
      thread.interrupt();
    }
    return told.isEmpty() ? Optional.empty() : Optional.of(told);
  }

  private static void remove(Engine engine, String name) {
    try {
      engine.containers().remove(name, true, true);
    } catch (EngineException.NotFound _) {
      // It was never made.
    } catch (EngineException e) {
      System.getLogger(EngineTrials.class.getName())
          .log(System.Logger.Level.WARNING, "a container of the check stays: {0}", e.getMessage());
    }
  }

  @Override
  public void close() {
    engine.ifPresent(Engine::close);
    engine = Optional.empty();
    failure = Optional.of("the check is over");
  }
}
