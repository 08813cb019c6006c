package dev.kapal.cli.command;

import dev.kapal.cli.context.Client;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Passes the client's signals on to a container, once there is one. Signals that come earlier wait;
 * the third of them interrupts the command, so that somebody who insists gets away. The client's
 * end interrupts it at once.
 */
final class SignalRelay implements AutoCloseable {
  private static final int GONE = 0;
  private static final int PATIENCE = 3;

  private final Client client;
  private final Thread command = Thread.currentThread();
  private final Deque<Integer> waiting = new ArrayDeque<>();
  private Optional<IntConsumer> target = Optional.empty();
  private volatile int last = -1;

  SignalRelay(Client client) {
    this.client = client;
    client.onSignal(this::arrived);
  }

  private synchronized void arrived(int signal) {
    last = signal;
    if (signal == GONE) {
      command.interrupt();
    } else if (target.isPresent()) {
      deliver(target.get(), signal);
    } else {
      waiting.add(signal);
      if (waiting.size() >= PATIENCE) {
        command.interrupt();
      }
    }
  }

  /** From now on signals go there; first those that waited. */
  synchronized void to(IntConsumer receiver) {
    target = Optional.of(receiver);
    while (!waiting.isEmpty()) {
      deliver(receiver, waiting.remove());
    }
  }

  /** The exit status of a command that a signal ended. */
  int status() {
    return last > 0 ? 128 + last : 129;
  }

  /** On a thread of its own: the caller is the client's reader, and sending may take a while. */
  private static void deliver(IntConsumer receiver, int signal) {
    Thread.ofPlatform()
        .daemon()
        .name("kapal-signal")
        .start(() -> {
          try {
            receiver.accept(signal);
          } catch (RuntimeException e) {
            // The process has ended meanwhile; whoever waits for it hears of that.
            System.getLogger(SignalRelay.class.getName())
                .log(System.Logger.Level.DEBUG, "a signal was not delivered", e);
          }
        });
  }

  /** From now on a signal interrupts the command, as before. */
  @Override
  public void close() {
    client.onSignal(signal -> command.interrupt());
  }
}
