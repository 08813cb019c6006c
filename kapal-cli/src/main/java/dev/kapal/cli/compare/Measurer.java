package dev.kapal.cli.compare;

import dev.kapal.cli.compare.Comparison.Measured;
import dev.kapal.cli.trial.Captured;
import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Execs;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.StorageSpec;
import dev.kapal.linux.Linux;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Measures one runtime after the other, in the daemon's own engine: what is told is what users get.
 * A small static program of ours is mounted into the container and does what happens inside. Used
 * by one thread.
 *
 * @param probe that program on the host
 * @param image which need hold nothing
 * @param count of each latency
 */
record Measurer(Engine engine, Linux linux, Path probe, String image, int count) {
  private static final String PROGRAM = "/kapal-probe";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration SETTLE = Duration.ofMillis(300);

  /** A value that could not be had. */
  private static final class MissingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MissingException(String message) {
      super(message);
    }
  }

  /** What is measured may fail in its own way. */
  @FunctionalInterface
  private interface Work {
    double value() throws InterruptedException;
  }

  /** The sink for what is sent; the caller closes it. */
  NetworkSink sink() {
    return NetworkSink.start(
        engine, spec(NetworkSpec.DEFAULT, "sink", Integer.toString(NetworkSink.PORT)).build());
  }

  /**
   * Measures.
   *
   * @param sink takes what is sent over the network
   * @param progress gets the heading of what is measured next
   */
  Measured measure(
      String name, String tier, String version, NetworkSink sink, Consumer<String> progress)
      throws InterruptedException {
    Map<Metric, Double> values = new EnumMap<>(Metric.class);
    Map<Metric, String> problems = new EnumMap<>(Metric.class);
    progress.accept("start");
    take(Metric.START, values, problems, () -> median(() -> start(name)));
    String mark = "kapal-compare-" + System.nanoTime();
    String id = "";
    String kernel = "";
    try {
      id = idle(name, mark);
      String running = id;
      kernel = exec(running, "kernel").strip();
      progress.accept("exec");
      take(Metric.EXEC, values, problems, () -> median(() -> exec(running)));
      progress.accept("memory");
      take(Metric.MEMORY, values, problems, () -> memory(running, mark));
      progress.accept("system calls");
      take(Metric.SYSCALL, values, problems, () -> numbers(running, 1, "syscalls", "400")[0] / 1e9);
      progress.accept("disk");
      try {
        double[] disk = numbers(running, 2, "disk", "/kapal-probe.data", "64");
        values.put(Metric.DISK_WRITE, disk[0]);
        values.put(Metric.DISK_READ, disk[1]);
      } catch (EngineException | MissingException e) {
        problems.put(Metric.DISK_WRITE, message(e));
      }
      progress.accept("loopback");
      take(Metric.LOOPBACK, values, problems, () -> numbers(running, 1, "network", "500")[0]);
    } catch (EngineException | MissingException e) {
      problems.put(Metric.EXEC, message(e));
    } finally {
      remove(id);
    }
    progress.accept("network");
    take(Metric.NETWORK, values, problems, () -> network(name, sink));
    return new Measured(name, tier, version, kernel, values, problems);
  }

  private static void take(
      Metric metric, Map<Metric, Double> values, Map<Metric, String> problems, Work work)
      throws InterruptedException {
    try {
      values.put(metric, work.value());
    } catch (EngineException | MissingException e) {
      problems.put(metric, message(e));
    }
  }

  private static String message(RuntimeException e) {
    return String.valueOf(e.getMessage());
  }

  /** The first time is for caches, and does not count. */
  private double median(Work work) throws InterruptedException {
    var _ = work.value();
    List<Double> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(work.value());
    }
    return median(all);
  }

  static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    int half = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(half)
        : (sorted.get(half - 1) + sorted.get(half)) / 2;
  }

  private ContainerSpec spec(String runtime, String... words) {
    return spec(NetworkSpec.builder().mode("none").build(), words).runtime(runtime).build();
  }

  private ContainerSpec.Builder spec(NetworkSpec network, String... words) {
    List<String> command = new ArrayList<>(List.of(PROGRAM));
    command.addAll(List.of(words));
    return ContainerSpec.builder(image)
        .process(ProcessSpec.builder().entrypoint(List.of()).command(command).user("0").build())
        .network(network)
        .storage(
            StorageSpec.DEFAULT.withMounts(
                List.of(MountSpec.bind(probe.toString(), PROGRAM).readOnly(true).build())))
        .log(LogSpec.of("none"));
  }

  private double start(String runtime) throws InterruptedException {
    String id = "";
    try (Captured output = new Captured(linux)) {
      AttachRequest attach = output.request();
      long begin = System.nanoTime();
      Containers.Running running = engine.containers().run(spec(runtime, "hello"), attach);
      id = running.created().id();
      long first =
          output
              .first(LIMIT)
              .orElseThrow(() -> new MissingException("the container printed nothing"));
      var _ = engine.containers().await(id, Containers.WaitCondition.NOT_RUNNING);
      return (first - begin) / 1e9;
    } finally {
      remove(id);
    }
  }

  private String idle(String runtime, String mark) throws InterruptedException {
    Containers.Created created = engine.containers().create(spec(runtime, "idle", mark));
    try {
      engine.containers().start(created.id());
      return created.id();
    } catch (RuntimeException e) {
      remove(created.id());
      throw e;
    }
  }

  private static ExecSpec spec(List<String> words) {
    List<String> command = new ArrayList<>(List.of(PROGRAM));
    command.addAll(words);
    return ExecSpec.builder(command).user("0").build();
  }

  private double exec(String id) throws InterruptedException {
    try (Captured output = new Captured(linux)) {
      AttachRequest attach = output.request();
      long begin = System.nanoTime();
      Execs.Started started = engine.execs().run(id, spec(List.of("hello")), attach);
      long first =
          output.first(LIMIT).orElseThrow(() -> new MissingException("the exec printed nothing"));
      var _ = engine.execs().await(started.id());
      return (first - begin) / 1e9;
    }
  }

  private String exec(String id, String... words) throws InterruptedException {
    try (Captured output = new Captured(linux)) {
      Execs.Started started = engine.execs().run(id, spec(List.of(words)), output.request());
      int status = engine.execs().await(started.id());
      String text = output.text(LIMIT);
      if (status != 0) {
        throw new MissingException(text.isBlank() ? "it ended with " + status : text.strip());
      }
      return text;
    }
  }

  private double[] numbers(String id, int many, String... words) throws InterruptedException {
    return parse(exec(id, words).strip(), many);
  }

  private static double[] parse(String text, int many) {
    if (!text.matches("[0-9]{1,18}(\\.[0-9]{1,9})?( [0-9]{1,18})*")
        || text.split(" ").length != many) {
      throw new MissingException("it printed \"" + text + "\"");
    }
    double[] all = new double[many];
    for (int i = 0; i < many; i++) {
      all[i] = Double.parseDouble(text.split(" ")[i]);
    }
    return all;
  }

  /** Bytes per second that a container of its own sends over the default network. */
  private double network(String runtime, NetworkSink sink) throws InterruptedException {
    String address = sink.address().orElseThrow(() -> new MissingException(sink.problem()));
    String id = "";
    try (Captured output = new Captured(linux)) {
      ContainerSpec spec =
          spec(NetworkSpec.DEFAULT, "send", address, Integer.toString(NetworkSink.PORT), "500")
              .runtime(runtime)
              .build();
      id = engine.containers().run(spec, output.request()).created().id();
      return parse(output.text(LIMIT).strip(), 1)[0];
    } finally {
      remove(id);
    }
  }

  private double memory(String id, String mark) throws InterruptedException {
    Thread.sleep(SETTLE);
    int pid =
        engine
            .containers()
            .inspect(id)
            .pid()
            .orElseThrow(() -> new MissingException("the container has no process"));
    return new SandboxMemory(linux).overhead(pid, id, mark);
  }

  private void remove(String id) {
    if (id.isEmpty()) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    try {
      engine.containers().remove(id, true, true);
    } catch (EngineException.NotFound _) {
      // Gone already.
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
