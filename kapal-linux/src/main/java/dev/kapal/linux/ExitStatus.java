package dev.kapal.linux;

/** How a process ended, see wait(2). */
public sealed interface ExitStatus {
  /** It exited. */
  record Exited(int code) implements ExitStatus {}

  /** A signal killed it. */
  record Signaled(int signal, boolean core) implements ExitStatus {}

  /** As a shell shows it: the exit code, or 128 + the signal. */
  default int shellCode() {
    return switch (this) {
      case Exited(int code) -> code;
      case Signaled(int signal, boolean _) -> 128 + signal;
    };
  }

  /** Decodes the status of waitpid(2) of an ended process. */
  static ExitStatus ofWaitStatus(int status) {
    int signal = status & 0x7f;
    return signal == 0
        ? new Exited(status >> 8 & 0xff)
        : new Signaled(signal, (status & 0x80) != 0);
  }

  /** As waitpid(2) would give it. */
  default int waitStatus() {
    return switch (this) {
      case Exited(int code) -> (code & 0xff) << 8;
      case Signaled(int signal, boolean core) -> signal | (core ? 0x80 : 0);
    };
  }
}
