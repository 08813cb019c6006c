package dev.kapal.cri.translate;

import dev.kapal.cri.proto.Signal;
import dev.kapal.linux.Signals;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Names of signals, both ways: {@code SIGNAL_SIGRTMINPLUS1} is {@code SIGRTMIN+1}. */
final class StopSignals {
  private static final String PREFIX = "SIGNAL_";

  /** The kernel's second names (signal(7)). */
  private static final Map<String, String> ALIASES =
      Map.of("SIGCLD", "SIGCHLD", "SIGIOT", "SIGABRT", "SIGPOLL", "SIGIO");

  /** Some have several names, and the engine's need not be the interface's. */
  private static final Map<Integer, Signal> BY_NUMBER = byNumber();

  private StopSignals() {}

  /** Empty: the image's own. */
  static Optional<String> of(Signal signal) {
    if (signal == Signal.SIGNAL_RUNTIME_DEFAULT) {
      return Optional.empty();
    }
    if (signal == Signal.UNRECOGNIZED) {
      throw new IllegalArgumentException("the stop signal is not one that the interface names");
    }
    String name =
        signal.name().substring(PREFIX.length()).replace("PLUS", "+").replace("MINUS", "-");
    return Optional.of(ALIASES.getOrDefault(name, name));
  }

  /** A signal that the interface has no name for is its default. */
  static Signal message(String name) {
    return Signals.parse(name)
        .map(number -> BY_NUMBER.getOrDefault(number, Signal.SIGNAL_RUNTIME_DEFAULT))
        .orElse(Signal.SIGNAL_RUNTIME_DEFAULT);
  }

  private static Map<Integer, Signal> byNumber() {
    Map<Integer, Signal> all = new HashMap<>();
    for (Signal signal : Signal.values()) {
      if (signal != Signal.UNRECOGNIZED) {
        of(signal).flatMap(Signals::parse).ifPresent(number -> all.putIfAbsent(number, signal));
      }
    }
    return all;
  }
}
