package dev.kapal.streaming;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The client's side of a process's standard streams. Reads block; a write returns when the bytes
 * have left for the network, so a slow client slows the process down instead of filling memory.
 * Reading or writing after the client has gone throws {@link java.io.IOException}.
 */
public interface ProcessStreams {

  /** What the client types; its end is the client's half-close. Empty: not asked for. */
  Optional<InputStream> input();

  /** Gets standard output, and with a terminal all output. Empty: not asked for. */
  Optional<OutputStream> output();

  /** Gets standard error. Empty: not asked for, or a terminal. */
  Optional<OutputStream> error();

  /**
   * Reports the terminal's sizes, the last one known at once, then each new one, from a thread of
   * the connection.
   */
  void onResize(Consumer<TerminalSize> listener);

  /** Calls back once when the client goes before the process has ended; at once if it has gone. */
  void onGone(Runnable listener);
}
