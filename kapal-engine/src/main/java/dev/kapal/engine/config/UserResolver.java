package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.config.UserDatabase.Account;
import dev.kapal.engine.config.UserDatabase.Group;
import dev.kapal.oci.runtime.Process;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** Who {@code user[:group]} is in a container. */
public final class UserResolver {
  private UserResolver() {}

  /** Ids and the home directory. */
  public record Resolved(Process.User user, String home) {}

  /**
   * Resolves a user.
   *
   * @param spec {@code user[:group]}, names or numbers; empty: root
   * @param more further groups, names or numbers
   * @throws EngineException.InvalidArgument a name that the container does not know, or a number
   *     out of range
   */
  public static Resolved resolve(
      String spec, List<String> more, OptionalInt umask, UserDatabase db) {
    return resolve(spec, more, umask, db, false);
  }

  /**
   * As the other one.
   *
   * @param strict without the groups that the container's /etc/group gives
   */
  public static Resolved resolve(
      String spec, List<String> more, OptionalInt umask, UserDatabase db, boolean strict) {
    int colon = spec.indexOf(':');
    String user = colon < 0 ? spec : spec.substring(0, colon);
    String group = colon < 0 ? "" : spec.substring(colon + 1);
    if (colon >= 0 && (user.isEmpty() || group.isEmpty() || group.indexOf(':') >= 0)) {
      throw new EngineException.InvalidArgument(
          "user \"" + spec + "\" is not valid: write USER or USER:GROUP, as names or numbers");
    }
    long uid = 0;
    Optional<Account> account;
    if (user.isEmpty()) {
      account = byUid(db, 0);
    } else if (numeric(user)) {
      uid = number(user, "user");
      account = byUid(db, uid);
    } else {
      account = db.accounts().stream().filter(a -> a.name().equals(user)).findFirst();
      uid =
          account
              .orElseThrow(() ->
                  new EngineException.InvalidArgument(
                      "user \""
                          + user
                          + "\" is not in the container's /etc/passwd: use another name or a number"))
              .uid();
    }
    long gid = group.isEmpty() ? account.map(Account::gid).orElse(0L) : group(group, db);
    // The primary group is among the supplementary ones as well: a program that drops it must not
    // gain access by that (CVE-2022-36109).
    // In the order in which the kernel keeps them; one that is not the host's keeps what it is
    // given.
    Set<Long> groups = new TreeSet<>();
    groups.add(gid);
    if (!strict && group.isEmpty() && account.isPresent()) {
      String name = account.get().name();
      for (Group g : db.groups()) {
        if (g.members().contains(name)) {
          groups.add(g.gid());
        }
      }
    }
    for (String g : more) {
      groups.add(group(g, db));
    }
    Process.User result =
        new Process.User(
            uid,
            gid,
            umask.isPresent() ? Optional.of(umask.getAsInt()) : Optional.of(0022),
            List.copyOf(groups));
    String home = account.map(Account::home).filter(h -> h.startsWith("/")).orElse("/");
    return new Resolved(result, home);
  }

  private static Optional<Account> byUid(UserDatabase db, long uid) {
    return db.accounts().stream().filter(a -> a.uid() == uid).findFirst();
  }

  private static long group(String text, UserDatabase db) {
    if (numeric(text)) {
      return number(text, "group");
    }
    return db.groups().stream()
        .filter(g -> g.name().equals(text))
        .findFirst()
        .orElseThrow(() ->
            new EngineException.InvalidArgument(
                "group \""
                    + text
                    + "\" is not in the container's /etc/group: use another name or a number"))
        .gid();
  }

  private static boolean numeric(String text) {
    return !text.isEmpty()
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '-' || c == '+');
  }

  private static long number(String text, String what) {
    return UserDatabase.id(text)
        .orElseThrow(() ->
            new EngineException.InvalidArgument(
                what + " " + text + " is out of range: use 0 to " + UserDatabase.MAX_ID));
  }
}
