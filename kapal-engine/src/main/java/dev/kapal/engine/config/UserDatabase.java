package dev.kapal.engine.config;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a container's /etc/passwd and /etc/group say; see passwd(5), group(5). Both are hostile:
 * lines that are not well-formed are passed over, numbers are checked, sizes are bounded.
 */
public record UserDatabase(List<Account> accounts, List<Group> groups) {
  /** Longer files are cut; nobody has them but to use up memory. */
  public static final int MAX_BYTES = 1 << 20;

  public static final UserDatabase EMPTY = new UserDatabase(List.of(), List.of());

  /** The largest id: what the kernel's tools agree on. Above it ids have wrapped to root's. */
  static final long MAX_ID = Integer.MAX_VALUE;

  public UserDatabase {
    accounts = List.copyOf(accounts);
    groups = List.copyOf(groups);
  }

  /** A line of /etc/passwd. */
  public record Account(String name, long uid, long gid, String home) {}

  /** A line of /etc/group. */
  public record Group(String name, long gid, List<String> members) {
    public Group {
      members = List.copyOf(members);
    }
  }

  /** Reads the two files; an absent one is empty. */
  public static UserDatabase parse(byte[] passwd, byte[] group) {
    List<Account> accounts = new ArrayList<>();
    for (String line : lines(passwd)) {
      String[] f = line.split(":", -1);
      if (f.length < 4 || f[0].isEmpty()) {
        continue;
      }
      Optional<Long> uid = id(f[2]);
      Optional<Long> gid = id(f[3]);
      if (uid.isPresent() && gid.isPresent()) {
        accounts.add(new Account(f[0], uid.get(), gid.get(), f.length > 5 ? f[5] : ""));
      }
    }
    List<Group> groups = new ArrayList<>();
    for (String line : lines(group)) {
      String[] f = line.split(":", -1);
      if (f.length < 3 || f[0].isEmpty()) {
        continue;
      }
      Optional<Long> gid = id(f[2]);
      if (gid.isPresent()) {
        groups.add(
            new Group(
                f[0],
                gid.get(),
                f.length > 3 && !f[3].isEmpty() ? List.of(f[3].split(",")) : List.of()));
      }
    }
    return new UserDatabase(accounts, groups);
  }

  private static List<String> lines(byte[] file) {
    int length = Math.min(file.length, MAX_BYTES);
    return new String(file, 0, length, StandardCharsets.UTF_8)
        .lines()
        .map(String::strip)
        .filter(l -> !l.isEmpty() && !l.startsWith("#"))
        .toList();
  }

  /** A decimal number from 0 to 2^31-1 and nothing else: no sign, no blank, no wrapping. */
  static Optional<Long> id(String text) {
    if (text.isEmpty() || text.length() > 10 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Optional.empty();
    }
    long value = Long.parseLong(text);
    return value <= MAX_ID ? Optional.of(value) : Optional.empty();
  }
}
