package dev.kapal.network;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs programs with {@link ProcessBuilder}, bounded in time and in output. */
final class DirectRunner implements PluginRunner {
  private static final int MAX_OUTPUT = 1 << 20;
  private static final int MAX_ERRORS = 64 << 10;
  private static final Duration AFTER_EXIT = Duration.ofSeconds(2);

  @Override
  public Outcome run(
      List<String> argv, Map<String, String> environment, byte[] input, Duration timeout)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(argv);
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.directory(new java.io.File("/"));
    Process process = builder.start();
    try {
      Reader output = new Reader(process.getInputStream(), MAX_OUTPUT);
      Reader errors = new Reader(process.getErrorStream(), MAX_ERRORS);
      // A program that never reads must not hold the caller beyond the time-out.
      Thread.ofVirtual().start(() -> feed(process.getOutputStream(), input));
      boolean ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (!ended) {
        kill(process);
        process.waitFor();
      }
      // A descendant may keep the pipe open after the program itself has ended.
      output.join();
      errors.join();
      return new Outcome(
          process.exitValue(), !ended, output.text(), errors.text(), output.truncated());
    } finally {
      kill(process);
    }
  }

  private static void kill(Process process) {
    if (process.isAlive()) {
      // Children first: once the parent is gone they are nobody's descendants.
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static void feed(OutputStream to, byte[] input) {
    try (to) {
      to.write(input);
    } catch (IOException e) {
      // The program ended or closed its input: its exit code and its output say more.
      return;
    }
  }

  /** Drains one stream so that the program never blocks, keeping the start of it. */
  private static final class Reader {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final AtomicBoolean truncated = new AtomicBoolean();
    private final InputStream from;
    private final int max;
    private final Thread thread;

    Reader(InputStream from, int max) {
      this.from = from;
      this.max = max;
      this.thread = Thread.ofVirtual().start(this::drain);
    }

    private void drain() {
      byte[] buffer = new byte[8192];
      try (from) {
        for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
          synchronized (kept) {
            int room = Math.min(n, max - kept.size());
            kept.write(buffer, 0, room);
            truncated.compareAndSet(false, room < n);
          }
        }
      } catch (IOException e) {
        // Closed because the program was killed: what was read until then is kept.
        return;
      }
    }

    void join() throws InterruptedException {
      thread.join(AFTER_EXIT);
    }

    boolean truncated() {
      return truncated.get();
    }

    String text() {
      synchronized (kept) {
        return kept.toString(StandardCharsets.UTF_8);
      }
    }
  }
}
