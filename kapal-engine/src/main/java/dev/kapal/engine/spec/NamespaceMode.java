package dev.kapal.engine.spec;

/**
 * Where a namespace comes from.
 *
 * @param kind of its own, the host's, another container's
 * @param container ID or name for CONTAINER, else empty
 */
public record NamespaceMode(Kind kind, String container) {
  /** The choices. */
  public enum Kind {
    /** The engine's default for this namespace. */
    DEFAULT,
    PRIVATE,
    HOST,
    CONTAINER,
    /** No namespace content at all: {@code --ipc none} (no /dev/shm). */
    NONE,
    /** Private, and others may join: {@code --ipc shareable}. */
    SHAREABLE
  }

  public static final NamespaceMode DEFAULT = new NamespaceMode(Kind.DEFAULT, "");
  public static final NamespaceMode PRIVATE = new NamespaceMode(Kind.PRIVATE, "");
  public static final NamespaceMode HOST = new NamespaceMode(Kind.HOST, "");

  public NamespaceMode {
    if ((kind == Kind.CONTAINER) == container.isEmpty()) {
      throw new IllegalArgumentException("namespace mode container:NAME needs a container's name");
    }
  }

  /**
   * Reads {@code ""}, {@code private}, {@code host}, {@code none}, {@code shareable}, {@code
   * container:X}.
   *
   * @throws IllegalArgumentException when it is none of them
   */
  public static NamespaceMode parse(String text) {
    return switch (text) {
      case "", "default" -> DEFAULT;
      case "private" -> PRIVATE;
      case "host" -> HOST;
      case "none" -> new NamespaceMode(Kind.NONE, "");
      case "shareable" -> new NamespaceMode(Kind.SHAREABLE, "");
      default -> {
        if (text.startsWith("container:")) {
          yield new NamespaceMode(Kind.CONTAINER, text.substring("container:".length()));
        }
        throw new IllegalArgumentException(
            "namespace mode \"" + text + "\" is not known: use private, host or container:NAME");
      }
    };
  }

  @Override
  public String toString() {
    return switch (kind) {
      case DEFAULT -> "";
      case PRIVATE -> "private";
      case HOST -> "host";
      case NONE -> "none";
      case SHAREABLE -> "shareable";
      case CONTAINER -> "container:" + container;
    };
  }
}
