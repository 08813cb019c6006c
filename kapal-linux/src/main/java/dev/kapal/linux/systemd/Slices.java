package dev.kapal.linux.systemd;

/** Names of systemd's slices and scopes, see systemd.slice(5). */
public final class Slices {
  private Slices() {}

  /**
   * Where a slice is: {@code a-b.slice} lies in {@code a.slice}, so "/a.slice/a-b.slice".
   *
   * @return empty for the root slice {@code -.slice}, and for what is no slice's name
   */
  public static String path(String slice) {
    if (!slice.endsWith(".slice") || slice.equals("-.slice")) {
      return "";
    }
    StringBuilder path = new StringBuilder();
    StringBuilder name = new StringBuilder();
    for (String part : slice.substring(0, slice.length() - 6).split("-", -1)) {
      name.append(name.isEmpty() ? "" : "-").append(part);
      path.append('/').append(name).append(".slice");
    }
    return path.toString();
  }

  /** The scope of something that has a prefix and an id: {@code kapal-ID.scope}. */
  public static String scope(String prefix, String id) {
    String name = prefix.isEmpty() ? id : prefix + "-" + id;
    return name.endsWith(".slice") ? name : name + ".scope";
  }
}
