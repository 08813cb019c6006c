package dev.kapal.cri.translate;

import dev.kapal.cri.proto.Signal;
import java.util.Map;
import java.util.Optional;

/** Names of signals, both ways: {@code SIGNAL_SIGRTMINPLUS1} is {@code SIGRTMIN+1}. */
final class StopSignals {
  private static final String PREFIX = "SIGNAL_";

  /** The kernel's second names (signal(7)). */
  private static final Map<String, String> ALIASES =
      Map.of("SIGCLD", "SIGCHLD", "SIGIOT", "SIGABRT", "SIGPOLL", "SIGIO");

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
    String text = PREFIX + name.replace("+", "PLUS").replace("-", "MINUS");
    for (Signal signal : Signal.values()) {
      if (signal.name().equals(text)) {
        return signal;
      }
    }
    return Signal.SIGNAL_RUNTIME_DEFAULT;
  }
}
