package dev.kapal.config.text;

import java.util.List;
import java.util.stream.Collectors;

/** What this module throws. The message says what was tried, on what, why it failed, what to do. */
public sealed class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private ConfigException(String message) {
    super(message);
  }

  private ConfigException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A file could not be read or written. */
  public static final class FileFailed extends ConfigException {
    private static final long serialVersionUID = 1L;

    public FileFailed(String message) {
      super(message);
    }

    public FileFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The configuration is wrong; nothing was changed. */
  public static final class Invalid extends ConfigException {
    private static final long serialVersionUID = 1L;
    private final transient List<Problem> problems;

    public Invalid(String what, List<Problem> problems) {
      super(
          what
              + "; nothing was changed:\n"
              + problems.stream().map(p -> "  " + p).collect(Collectors.joining("\n")));
      this.problems = List.copyOf(problems);
    }

    /** All that is wrong. */
    public List<Problem> problems() {
      return problems;
    }
  }

  /** A name of a runtime stands for nothing. */
  public static final class UnknownRuntime extends ConfigException {
    private static final long serialVersionUID = 1L;

    public UnknownRuntime(String message) {
      super(message);
    }
  }

  /** A runtime cannot be installed as asked. */
  public static final class NotInstalled extends ConfigException {
    private static final long serialVersionUID = 1L;

    public NotInstalled(String message) {
      super(message);
    }
  }

  /** A file is no ELF file, or a damaged one. */
  public static final class NotElf extends ConfigException {
    private static final long serialVersionUID = 1L;

    public NotElf(String message) {
      super(message);
    }
  }
}
