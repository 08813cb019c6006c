package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.linux.Capabilities;
import dev.kapal.oci.runtime.Process;
import java.util.List;
import java.util.Locale;

/** Which capabilities a process has; see capabilities(7). */
final class CapabilitySets {
  /** What containers have had by default for ten years. */
  static final List<String> DEFAULT =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_FOWNER",
          "CAP_FSETID",
          "CAP_KILL",
          "CAP_SETGID",
          "CAP_SETUID",
          "CAP_SETPCAP",
          "CAP_NET_BIND_SERVICE",
          "CAP_NET_RAW",
          "CAP_SYS_CHROOT",
          "CAP_MKNOD",
          "CAP_AUDIT_WRITE",
          "CAP_SETFCAP");

  private CapabilitySets() {}

  /**
   * The bounding set.
   *
   * @param available what this host can give: who wants all gets no more
   */
  static List<String> of(SecuritySpec s, int last, long available) {
    long exist = last >= 63 ? -1L : (1L << (last + 1)) - 1;
    long all = exist & available;
    long known = Capabilities.mask(Capabilities.names()) & all;
    if (s.privileged()) {
      return Capabilities.names(all);
    }
    boolean addAll = s.capAdd().stream().anyMatch(CapabilitySets::isAll);
    boolean dropAll = s.capDrop().stream().anyMatch(CapabilitySets::isAll);
    long mask =
        addAll ? known : dropAll ? 0 : Capabilities.mask(s.capDefault().orElse(DEFAULT)) & exist;
    if (addAll && dropAll) {
      mask = 0;
    }
    long drop = mask(s.capDrop(), "cap-drop", last);
    long add = mask(s.capAdd(), "cap-add", last);
    mask = addAll ? mask & ~drop : (mask & ~drop) | add;
    return Capabilities.names(mask);
  }

  /** What a process of a user gets: only root has them in effect, as after execve(2). */
  static Process.Capabilities sets(List<String> bounding, long uid) {
    return uid == 0
        ? Process.Capabilities.of(bounding)
        : new Process.Capabilities(bounding, List.of(), List.of(), List.of(), List.of());
  }

  /** The same with some that programs without file capabilities have as well. */
  static Process.Capabilities sets(
      List<String> bounding, List<String> ambient, long uid, int last) {
    Process.Capabilities usual = sets(bounding, uid);
    if (ambient.isEmpty()) {
      return usual;
    }
    long extra = mask(ambient, "cap-add", last);
    List<String> names = Capabilities.names(extra);
    return new Process.Capabilities(
        Capabilities.names(Capabilities.mask(bounding) | extra),
        Capabilities.names(Capabilities.mask(usual.effective()) | extra),
        names,
        Capabilities.names(Capabilities.mask(usual.permitted()) | extra),
        names);
  }

  private static boolean isAll(String name) {
    String n = name.toUpperCase(Locale.ROOT);
    return n.equals("ALL") || n.equals("CAP_ALL");
  }

  private static long mask(List<String> names, String what, int last) {
    long mask = 0;
    for (String name : names) {
      if (isAll(name)) {
        continue;
      }
      int number =
          Capabilities.number(name)
              .orElseThrow(() ->
                  new EngineException.InvalidArgument(
                      what
                          + " \""
                          + name
                          + "\" is not a capability: see capabilities(7), as in NET_ADMIN"));
      if (number <= last) {
        mask |= 1L << number;
      } else if (what.equals("cap-add")) {
        throw new EngineException.Unsupported(
            "capability "
                + Capabilities.name(number)
                + " is not known to this kernel: leave it out");
      }
    }
    return mask;
  }
}
