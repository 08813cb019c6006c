package dev.kapal.cri.translate;

import dev.kapal.cri.proto.LinuxContainerSecurityContext;
import java.util.Optional;

/** As whom a container's process runs. */
final class Users {
  private static final long HIGHEST = 0xffff_fffeL;

  private Users() {}

  /** {@code user[:group]}; empty: the image's. */
  static Optional<String> of(LinuxContainerSecurityContext context) {
    Optional<String> user =
        context.getRunAsUsername().isEmpty()
            ? context.hasRunAsUser()
                ? Optional.of(id(context.getRunAsUser().getValue()))
                : Optional.empty()
            : Optional.of(context.getRunAsUsername());
    if (!context.hasRunAsGroup()) {
      return user;
    }
    String group = id(context.getRunAsGroup().getValue());
    return Optional.of(
        user.orElseThrow(() ->
            new IllegalArgumentException(
                "run_as_group "
                    + group
                    + " goes with run_as_user or run_as_username only: set one of them"))
            + ":"
            + group);
  }

  static String id(long id) {
    if (id < 0 || id > HIGHEST) {
      throw new IllegalArgumentException(
          "the user or group id " + id + " is outside 0 to " + HIGHEST);
    }
    return Long.toString(id);
  }
}
