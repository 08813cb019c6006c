package dev.kapal.cli.command;

import dev.kapal.cli.output.FdInput;
import dev.kapal.cli.output.FdSink;
import dev.kapal.cli.output.Output;
import dev.kapal.cli.output.OutputBytes;
import dev.kapal.cli.output.StreamClosedException;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Joins something that writes a stream to something that reads one, by a pipe; the writer has a
 * thread of its own.
 */
final class Pump {
  private static final int SIZE = 256 * 1024;

  private Pump() {}

  @FunctionalInterface
  interface Source {
    void write(OutputStream out) throws IOException;
  }

  @FunctionalInterface
  interface Drain {
    long read(InputStream in) throws IOException;
  }

  /**
   * Runs both to their ends. When both fail, the writer's failure is told: the reader's follows
   * from it.
   */
  static long run(Descriptors descriptors, Source source, Drain drain) throws InterruptedException {
    List<RuntimeException> failed = Collections.synchronizedList(new ArrayList<>());
    try (Descriptors.Pipe pipe = descriptors.pipe(Fcntl.O_CLOEXEC)) {
      Thread writer =
          Thread.ofPlatform()
              .daemon()
              .name("kapal-copy")
              .start(() -> write(descriptors, pipe.writer(), source).ifPresent(failed::add));
      try (Fd reader = pipe.reader()) {
        InputStream in = new BufferedInputStream(new FdInput(descriptors, reader), SIZE);
        long result = drain.read(in);
        in.transferTo(OutputStream.nullOutputStream());
        writer.join();
        failed.forEach(Pump::rethrow);
        return result;
      } catch (IOException e) {
        throw fail(
            writer, failed, new CommandFailedException("the copy failed: " + e.getMessage(), 1));
      } catch (RuntimeException e) {
        throw fail(writer, failed, e);
      }
    }
  }

  private static Optional<RuntimeException> write(Descriptors descriptors, Fd to, Source source) {
    try (Fd writer = to;
        OutputStream out = new OutputBytes(new Output(new FdSink(descriptors, writer), false))) {
      source.write(out);
      return Optional.empty();
    } catch (StreamClosedException e) {
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(new CommandFailedException("the copy failed: " + e.getMessage(), 1));
    } catch (RuntimeException e) {
      return Optional.of(e);
    } catch (Error e) {
      return Optional.of(new IllegalStateException("copying failed", e));
    }
  }

  /** The reader has closed its end, so the writer ends soon. */
  private static RuntimeException fail(
      Thread writer, List<RuntimeException> failed, RuntimeException readers)
      throws InterruptedException {
    writer.join();
    return failed.isEmpty() ? readers : failed.getFirst();
  }

  private static void rethrow(RuntimeException e) {
    throw e;
  }
}
