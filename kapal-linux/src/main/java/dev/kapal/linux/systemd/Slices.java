package dev.kapal.linux.systemd;

import java.util.Optional;
import java.util.regex.Pattern;

/** Names of systemd's slices and scopes, see systemd.slice(5). */
public final class Slices {
  private static final String SLICE = ".slice";
  private static final String SCOPE = ".scope";

  /** A dash begins a level: there is none at an end, nor two in a row. */
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9:_.\\\\]+(-[A-Za-z0-9:_.\\\\]+)*\\.slice");

  /** systemd's limit for a unit's name. */
  private static final int LONGEST = 255;

  private Slices() {}

  /**
   * The slice that is meant by its name, {@code a-b.slice}, or by the whole path at which it is,
   * {@code /a.slice/a-b.slice}; empty: neither.
   */
  public static Optional<String> named(String parent) {
    String name = parent.substring(parent.lastIndexOf('/') + 1);
    boolean whole = parent.indexOf('/') < 0 || path(name).equals(parent);
    return whole && name.length() <= LONGEST && NAME.matcher(name).matches()
        ? Optional.of(name)
        : Optional.empty();
  }

  /**
   * A scope's path as a {@code linux.cgroupsPath} that asks systemd for it: {@code
   * /a.slice/p-ID.scope} is {@code a.slice:p:ID}. Every other path is what it was.
   */
  public static String cgroupsPath(String path) {
    int slash = path.lastIndexOf('/');
    String scope = path.substring(slash + 1);
    int dash = scope.lastIndexOf('-');
    if (slash < 1 || dash < 1 || !scope.endsWith(SCOPE)) {
      return path;
    }
    String id = scope.substring(dash + 1, scope.length() - SCOPE.length());
    return named(path.substring(0, slash))
        .map(slice -> slice + ":" + scope.substring(0, dash) + ":" + id)
        .orElse(path);
  }

  /** The scope, or the slice, that a path ends with; empty: it is no unit's. */
  public static Optional<String> unit(String path) {
    String last = path.substring(path.lastIndexOf('/') + 1);
    return last.endsWith(SCOPE) || last.endsWith(SLICE) ? Optional.of(last) : Optional.empty();
  }

  /**
   * Where a slice is: {@code a-b.slice} lies in {@code a.slice}, so "/a.slice/a-b.slice".
   *
   * @return empty for the root slice {@code -.slice}, and for what is no slice's name
   */
  public static String path(String slice) {
    if (!slice.endsWith(SLICE) || slice.equals("-.slice")) {
      return "";
    }
    StringBuilder path = new StringBuilder();
    StringBuilder name = new StringBuilder();
    for (String part : slice.substring(0, slice.length() - SLICE.length()).split("-", -1)) {
      name.append(name.isEmpty() ? "" : "-").append(part);
      path.append('/').append(name).append(SLICE);
    }
    return path.toString();
  }

  /** The scope of something that has a prefix and an id: {@code kapal-ID.scope}. */
  public static String scope(String prefix, String id) {
    String name = prefix.isEmpty() ? id : prefix + "-" + id;
    return name.endsWith(SLICE) ? name : name + SCOPE;
  }
}
