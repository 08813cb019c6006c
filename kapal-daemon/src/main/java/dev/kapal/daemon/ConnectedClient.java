package dev.kapal.daemon;

import dev.kapal.cli.context.Client;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Sockets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The client's process while its command runs: what it tells is passed to the command's listeners,
 * one after the other, on a virtual thread that lives only while there is something to tell; what
 * the command wants is sent to it.
 */
final class ConnectedClient implements Client {
  private static final int SIGHUP = 1;

  private final Sockets sockets;
  private final Fd socket;
  private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
  private final Queue<Integer> unheard = new ArrayDeque<>();
  private boolean telling;
  private volatile WindowSize size;
  private volatile Consumer<WindowSize> resized = ignored -> {};
  // Guarded by this: no listener yet means that signals are kept.
  private @Nullable IntConsumer signalled;

  ConnectedClient(Sockets sockets, Fd socket, WindowSize size) {
    this.sockets = sockets;
    this.socket = socket;
    this.size = size;
  }

  @Override
  public WindowSize windowSize() {
    return size;
  }

  @Override
  public void onResize(Consumer<WindowSize> listener) {
    resized = listener;
  }

  @Override
  public synchronized void onSignal(IntConsumer listener) {
    signalled = listener;
    while (!unheard.isEmpty()) {
      int number = unheard.remove();
      tell(() -> listener.accept(number));
    }
  }

  @Override
  public void raw(boolean on) {
    send(Frames.number(Frames.RAW, on ? 1 : 0));
  }

  void exit(int status) {
    send(Frames.number(Frames.EXIT, status));
  }

  /** A message that came in while the command runs. */
  void received(Frames.Frame frame) {
    switch (frame.type()) {
      case Frames.SIGNAL -> signal(frame.number());
      case Frames.RESIZE -> {
        size = new WindowSize(frame.half(0), frame.half(1));
        tell(() -> resized.accept(size));
      }
      default ->
          throw new ProtocolException("a message of type " + frame.type() + " is not expected");
    }
  }

  /** The client is gone without a word. */
  void vanished() {
    signal(SIGHUP);
  }

  private synchronized void signal(int number) {
    IntConsumer listener = signalled;
    if (listener == null) {
      unheard.add(number);
    } else {
      tell(() -> listener.accept(number));
    }
  }

  private void send(byte[] message) {
    try {
      sockets.send(socket, message, List.of());
    } catch (ErrnoException e) {
      // The client is gone; the door notices and says so to the command.
    }
  }

  private synchronized void tell(Runnable task) {
    tasks.add(task);
    if (!telling) {
      telling = true;
      Thread.ofVirtual().name("client-events").start(this::tellAll);
    }
  }

  private void tellAll() {
    while (true) {
      Runnable task;
      synchronized (this) {
        task = tasks.poll();
        if (task == null) {
          telling = false;
          return;
        }
      }
      task.run();
    }
  }
}
