package dev.kapal.runtime.dropin;

import dev.kapal.oci.runtime.Process;
import java.util.List;
import java.util.Optional;

/**
 * {@code UID[:GID]}, read strictly: a number that is too large or followed by anything is none and
 * never becomes root.
 */
final class Users {
  private static final long MOST = 0xfffffffeL;

  private Users() {}

  static Process.User of(Process.User base, Optional<String> user, List<String> groups) {
    List<Long> more =
        groups.isEmpty() ? base.additionalGids() : groups.stream().map(Users::id).toList();
    if (user.isEmpty()) {
      return new Process.User(base.uid(), base.gid(), base.umask(), more);
    }
    String[] parts = user.get().split(":", -1);
    if (parts.length > 2) {
      throw new CommandFailed("\"" + user.get() + "\" is no user: give UID or UID:GID", 255);
    }
    long gid = parts.length == 2 ? id(parts[1]) : base.gid();
    return new Process.User(id(parts[0]), gid, base.umask(), more);
  }

  private static long id(String text) {
    if (!text.matches("[0-9]{1,10}") || Long.parseLong(text) > MOST) {
      throw new CommandFailed("\"" + text + "\" is no id: give a number up to " + MOST, 255);
    }
    return Long.parseLong(text);
  }
}
