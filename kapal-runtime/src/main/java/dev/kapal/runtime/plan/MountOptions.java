package dev.kapal.runtime.plan;

import static dev.kapal.linux.MountFlags.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The options of a mount, sorted (config.md, Linux mount options).
 *
 * @param set MS_* flags to set
 * @param clear MS_* flags that are asked to be off
 * @param recursiveSet MOUNT_ATTR_* to set on the whole tree
 * @param recursiveClear MOUNT_ATTR_* to clear on the whole tree
 * @param propagation MS_SHARED and so on, with MS_REC, in order
 * @param data options of the file system
 * @param bind whether it is a bind mount
 * @param recursiveBind whether the bind takes submounts along
 * @param idmap whether ids are mapped
 * @param recursiveIdmap whether ids are mapped on the whole tree
 * @param copyUp whether a tmpfs starts with what it covers
 * @param asksReadWrite whether {@code rw} was given
 */
record MountOptions(
    long set,
    long clear,
    long recursiveSet,
    long recursiveClear,
    List<Long> propagation,
    List<String> data,
    boolean bind,
    boolean recursiveBind,
    boolean idmap,
    boolean recursiveIdmap,
    boolean copyUp,
    boolean asksReadWrite) {
  private static final long ATIMES = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
  private static final Map<String, Long> SET =
      Map.ofEntries(
          Map.entry("ro", MS_RDONLY),
          Map.entry("nosuid", MS_NOSUID),
          Map.entry("nodev", MS_NODEV),
          Map.entry("noexec", MS_NOEXEC),
          Map.entry("sync", MS_SYNCHRONOUS),
          Map.entry("dirsync", MS_DIRSYNC),
          Map.entry("remount", MS_REMOUNT),
          Map.entry("mand", MS_MANDLOCK),
          Map.entry("noatime", MS_NOATIME),
          Map.entry("nodiratime", MS_NODIRATIME),
          Map.entry("relatime", MS_RELATIME),
          Map.entry("strictatime", MS_STRICTATIME),
          Map.entry("nosymfollow", MS_NOSYMFOLLOW),
          Map.entry("iversion", MS_I_VERSION),
          Map.entry("lazytime", MS_LAZYTIME),
          Map.entry("silent", MS_SILENT),
          Map.entry("acl", MS_POSIXACL),
          Map.entry("defaults", 0L));
  private static final Map<String, Long> CLEAR =
      Map.ofEntries(
          Map.entry("rw", MS_RDONLY),
          Map.entry("suid", MS_NOSUID),
          Map.entry("dev", MS_NODEV),
          Map.entry("exec", MS_NOEXEC),
          Map.entry("async", MS_SYNCHRONOUS),
          Map.entry("nomand", MS_MANDLOCK),
          Map.entry("atime", MS_NOATIME),
          Map.entry("diratime", MS_NODIRATIME),
          Map.entry("norelatime", MS_RELATIME),
          Map.entry("nostrictatime", MS_STRICTATIME),
          Map.entry("symfollow", MS_NOSYMFOLLOW),
          Map.entry("noiversion", MS_I_VERSION),
          Map.entry("nolazytime", MS_LAZYTIME),
          Map.entry("loud", MS_SILENT),
          Map.entry("noacl", MS_POSIXACL));
  private static final Map<String, Long> PROPAGATION =
      Map.of(
          "private",
          MS_PRIVATE,
          "rprivate",
          MS_PRIVATE | MS_REC,
          "shared",
          MS_SHARED,
          "rshared",
          MS_SHARED | MS_REC,
          "slave",
          MS_SLAVE,
          "rslave",
          MS_SLAVE | MS_REC,
          "unbindable",
          MS_UNBINDABLE,
          "runbindable",
          MS_UNBINDABLE | MS_REC);

  /** All options that are not passed on to the file system. */
  static List<String> names() {
    Set<String> names = new TreeSet<>(Set.of("bind", "rbind", "idmap", "ridmap", "tmpcopyup"));
    names.addAll(SET.keySet());
    names.addAll(CLEAR.keySet());
    names.addAll(PROPAGATION.keySet());
    SET.keySet().stream().filter(MountOptions::recursive).forEach(n -> names.add("r" + n));
    CLEAR.keySet().stream().filter(MountOptions::recursive).forEach(n -> names.add("r" + n));
    return List.copyOf(names);
  }

  static MountOptions parse(List<String> options, boolean bindType) {
    long set = 0;
    long clear = 0;
    long recursiveSet = 0;
    long recursiveClear = 0;
    List<Long> propagation = new ArrayList<>();
    List<String> data = new ArrayList<>();
    boolean bind = bindType;
    boolean recursive = false;
    boolean idmap = false;
    boolean ridmap = false;
    boolean copyUp = false;
    boolean asksReadWrite = false;
    for (String option : options) {
      String plain = option.startsWith("r") ? option.substring(1) : "";
      Long flag;
      if ((flag = SET.get(option)) != null) {
        set = (flag & ATIMES) != 0 ? ((set & ~ATIMES) | flag) : (set | flag);
        clear &= ~flag;
      } else if ((flag = CLEAR.get(option)) != null) {
        set &= ~flag;
        clear |= flag;
        asksReadWrite |= option.equals("rw");
      } else if ((flag = PROPAGATION.get(option)) != null) {
        propagation.add(flag);
      } else if (option.equals("bind") || option.equals("rbind")) {
        bind = true;
        recursive |= option.equals("rbind");
      } else if (option.equals("idmap") || option.equals("ridmap")) {
        idmap = true;
        ridmap |= option.equals("ridmap");
      } else if (option.equals("tmpcopyup")) {
        copyUp = true;
      } else if (recursive(plain) && (flag = SET.get(plain)) != null) {
        recursiveSet |= attributes(flag);
        recursiveClear |= (flag & ATIMES) != 0 ? MOUNT_ATTR_ATIME : 0;
      } else if (recursive(plain) && (flag = CLEAR.get(plain)) != null) {
        recursiveClear |= (flag & ATIMES) != 0 ? MOUNT_ATTR_ATIME : attributes(flag);
      } else if (!option.isEmpty()) {
        data.add(option);
      }
    }
    return new MountOptions(
        set,
        clear,
        recursiveSet,
        recursiveClear,
        List.copyOf(propagation),
        List.copyOf(data),
        bind,
        recursive,
        idmap,
        ridmap,
        copyUp,
        asksReadWrite);
  }

  private static boolean recursive(String plain) {
    return switch (plain) {
      case "ro",
          "rw",
          "nosuid",
          "suid",
          "nodev",
          "dev",
          "noexec",
          "exec",
          "nodiratime",
          "diratime",
          "relatime",
          "norelatime",
          "noatime",
          "atime",
          "strictatime",
          "nostrictatime",
          "nosymfollow",
          "symfollow" ->
          true;
      default -> false;
    };
  }

  /** MOUNT_ATTR_* of MS_* flags. */
  static long attributes(long flags) {
    long attributes = flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
    attributes |= (flags & MS_NOATIME) != 0 ? MOUNT_ATTR_NOATIME : 0;
    attributes |= (flags & MS_STRICTATIME) != 0 ? MOUNT_ATTR_STRICTATIME : 0;
    attributes |= (flags & MS_NODIRATIME) != 0 ? MOUNT_ATTR_NODIRATIME : 0;
    return attributes | ((flags & MS_NOSYMFOLLOW) != 0 ? MOUNT_ATTR_NOSYMFOLLOW : 0);
  }

  /** What the flags of a bind mount set. */
  long bindSet() {
    return attributes(set);
  }

  /** What they clear: an access time mode replaces the one before. */
  long bindClear() {
    return attributes(clear & ~ATIMES) | (((set | clear) & ATIMES) != 0 ? MOUNT_ATTR_ATIME : 0);
  }

  boolean changesBind() {
    return bindSet() != 0 || bindClear() != 0 || recursiveSet != 0 || recursiveClear != 0;
  }

  boolean shared() {
    return propagation.stream().anyMatch(p -> (p & MS_SHARED) != 0);
  }
}
