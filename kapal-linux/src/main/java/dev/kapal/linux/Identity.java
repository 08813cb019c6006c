package dev.kapal.linux;

import java.util.List;

/**
 * Who this process is to the kernel, see credentials(7) and user_namespaces(7).
 *
 * @param uid its effective user id, as its user namespace numbers it
 * @param gid its effective group id
 * @param initial whether its user namespace is the initial one, as far as its id map tells
 * @param setgroups whether its user namespace allows setgroups(2) at all
 */
public record Identity(long uid, long gid, boolean initial, boolean setgroups) {
  /** Root of the host. */
  public static final Identity ROOT = new Identity(0, 0, true, true);

  /** That of this process. */
  public static Identity own() {
    return of(
        ProcFiles.text("/proc/self/status"),
        ProcFiles.textIfExists("/proc/self/uid_map").orElse("0 0 4294967295"),
        ProcFiles.textIfExists("/proc/self/setgroups").orElse("allow"));
  }

  static Identity of(String status, String uidMap, String setgroups) {
    // Only the initial namespace maps everything to itself: nobody may map ids that he does not
    // have, and (uid_t) -1 is none.
    boolean initial = IdMapping.parse(uidMap).equals(List.of(new IdMapping(0, 0, 0xffff_ffffL)));
    return new Identity(
        effective(status, "Uid"),
        effective(status, "Gid"),
        initial,
        !setgroups.strip().equals("deny"));
  }

  private static long effective(String status, String field) {
    String ids = ProcFiles.field(status, field).orElse("");
    String[] four = ids.split("\\s+", -1);
    if (four.length != 4 || !four[1].matches("[0-9]{1,10}")) {
      throw new ProcFormatException("/proc/self/status", ids, "four ids");
    }
    return Long.parseLong(four[1]);
  }

  /** Whether it has less than the host's root: an ordinary user, or root in a user namespace. */
  public boolean rootless() {
    return uid != 0 || !initial;
  }
}
