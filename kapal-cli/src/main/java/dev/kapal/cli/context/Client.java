package dev.kapal.cli.context;

import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The client's process while its command runs. Implementations are safe for many threads; they call
 * listeners on one thread of their own, so a listener must be quick.
 */
public interface Client {
  /** The size of the terminal, as last heard of. */
  WindowSize windowSize();

  /** Who hears of a new window size from now on, in place of whoever did. */
  void onResize(Consumer<WindowSize> listener);

  /**
   * Who hears of signals that the client got, by number, in place of whoever did. A signal that
   * came before there was a listener is delivered at once. When the client vanishes without a word
   * the listener gets 0.
   */
  void onSignal(IntConsumer listener);

  /** Puts the terminal on descriptor 0 into raw mode, or back. Does nothing without a terminal. */
  void raw(boolean on);
}
