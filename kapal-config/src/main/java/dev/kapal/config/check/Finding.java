package dev.kapal.config.check;

/**
 * What a check found.
 *
 * @param id stable, such as {@code network.forwarding}: for programs that read the report
 * @param group the heading below which it stands
 * @param subject what was looked at, such as a runtime's name or a file; empty: the host
 * @param status how bad it is
 * @param sentence what was found, without a full stop
 * @param remedy what to do; empty if nothing is to be done
 */
public record Finding(
    String id, String group, String subject, Status status, String sentence, String remedy) {
  /** How bad something is. */
  public enum Status {
    /** It works. */
    OK,
    /** Something works less well, or something that not everybody needs does not work. */
    WARNING,
    /** Containers will not work as they should. */
    FAILURE;

    /** For people and programs. */
    public String word() {
      return switch (this) {
        case OK -> "ok";
        case WARNING -> "warning";
        case FAILURE -> "failure";
      };
    }
  }

  public Finding {
    if (!id.matches("[a-z0-9]+([.-][a-z0-9]+)*")) {
      throw new IllegalArgumentException("not an id: " + id);
    }
    if (status != Status.OK && remedy.isEmpty()) {
      throw new IllegalArgumentException(id + " says what is wrong and not what to do");
    }
  }

  /** The same of something in particular. */
  public Finding of(String what) {
    return new Finding(id, group, what, status, sentence, remedy);
  }
}
