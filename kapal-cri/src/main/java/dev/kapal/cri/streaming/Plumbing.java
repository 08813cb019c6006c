package dev.kapal.cri.streaming;

import dev.kapal.engine.AttachRequest;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.streaming.ProcessStreams;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Pipes between a client's streams, which are bytes in this JVM, and a process's, which are
 * descriptors of its monitor. One platform thread pumps each: a read of a pipe blocks it.
 */
final class Plumbing implements AutoCloseable {
  private static final int BUFFER = 32 * 1024;

  private final Descriptors calls;
  private final List<Thread> outputs = new ArrayList<>();
  private final List<Fd> forEngine = new ArrayList<>();
  private final List<Runnable> waiting = new ArrayList<>();
  private final AttachRequest request;

  private Plumbing(Descriptors calls, ProcessStreams streams) {
    this.calls = calls;
    Optional<Fd> input = streams.input().map(this::input);
    Optional<Fd> output = streams.output().map(to -> output(to, "output"));
    Optional<Fd> error = streams.error().map(to -> output(to, "error"));
    this.request = AttachRequest.of(input, output, error);
  }

  /** Lays pipes for the streams that a client has. Nothing flows before {@link #open}. */
  static Plumbing lay(Descriptors calls, ProcessStreams streams) {
    return new Plumbing(calls, streams);
  }

  /** The process's ends, for the engine, which closes them. */
  AttachRequest request() {
    return request;
  }

  /** Lets it flow, once the engine has taken its ends. */
  void open() {
    waiting.forEach(Runnable::run);
    waiting.clear();
  }

  private Fd input(InputStream from) {
    Descriptors.Pipe pipe = calls.pipe(0);
    forEngine.add(pipe.writer());
    waiting.add(() -> {
      forEngine.remove(pipe.writer());
      thread("input", () -> fill(from, pipe.writer()));
    });
    return pipe.reader();
  }

  private Fd output(OutputStream to, String name) {
    Descriptors.Pipe pipe = calls.pipe(0);
    forEngine.add(pipe.reader());
    waiting.add(() -> {
      forEngine.remove(pipe.reader());
      outputs.add(thread(name, () -> drain(pipe.reader(), to)));
    });
    return pipe.writer();
  }

  private static Thread thread(String name, Runnable work) {
    return Thread.ofPlatform().daemon().name("stream-" + name).start(work);
  }

  /** The end of what the client sends, or its going, is the end of the process's input. */
  private void fill(InputStream from, Fd to) {
    byte[] buffer = new byte[BUFFER];
    try (to) {
      for (int n = from.read(buffer); n > 0; n = from.read(buffer)) {
        calls.writeFully(to, buffer, 0, n);
      }
    } catch (IOException | ErrnoException e) {
      // The client has gone, or the process reads no more: either way nothing is left to carry.
    }
  }

  /** Reads to the end in any case: a process must not wait for a client that has gone. */
  private void drain(Fd from, OutputStream to) {
    byte[] buffer = new byte[BUFFER];
    boolean wanted = true;
    try (from) {
      for (int n = calls.read(from, buffer, 0, buffer.length);
          n > 0;
          n = calls.read(from, buffer, 0, buffer.length)) {
        wanted = wanted && written(to, buffer, n);
      }
    } catch (ErrnoException e) {
      System.getLogger(Plumbing.class.getName())
          .log(System.Logger.Level.DEBUG, "the output of a process ended", e);
    }
  }

  private static boolean written(OutputStream to, byte[] buffer, int n) {
    try {
      to.write(buffer, 0, n);
      to.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Waits until the client has got all that the process printed. */
  void awaitOutputs() throws InterruptedException {
    for (Thread output : outputs) {
      output.join();
    }
  }

  /** Closes what never flowed. */
  @Override
  public void close() {
    forEngine.forEach(Fd::close);
    forEngine.clear();
    waiting.clear();
  }
}
