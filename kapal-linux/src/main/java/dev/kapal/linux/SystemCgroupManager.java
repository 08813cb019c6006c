package dev.kapal.linux;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The real manager. */
final class SystemCgroupManager implements CgroupManager {
  private final CgroupLayout layout;
  private final List<CgroupHierarchy> hierarchies;

  SystemCgroupManager(CgroupLayout layout) {
    this.layout = layout;
    this.hierarchies = CgroupHierarchy.of(layout);
  }

  @Override
  public CgroupLayout layout() {
    return layout;
  }

  @Override
  public Cgroup open(String path) {
    return new SystemCgroup(hierarchies, checked(path));
  }

  @Override
  public Cgroup create(String path) {
    String whole = checked(path);
    if (hierarchies.isEmpty()) {
      throw new CgroupException(
          "cannot make the control group "
              + path
              + ": no control group file system is mounted for writing; mount cgroup2 on /sys/fs/cgroup");
    }
    Deque<CgroupFolder> made = new ArrayDeque<>();
    try {
      for (CgroupHierarchy hierarchy : hierarchies) {
        make(hierarchy, whole, made);
      }
    } catch (ErrnoException e) {
      made.forEach(CgroupFolder::removeAlone);
      throw new CgroupException("cannot make the control group " + path + ": " + e.getMessage(), e);
    }
    return new SystemCgroup(hierarchies, whole);
  }

  private static void make(CgroupHierarchy hierarchy, String path, Deque<CgroupFolder> made) {
    CgroupFolder parent = hierarchy.folder("");
    for (int slash = 0; slash >= 0; ) {
      int next = path.indexOf('/', slash + 1);
      CgroupFolder folder = hierarchy.folder(next < 0 ? path : path.substring(0, next));
      if (hierarchy.unified()) {
        CgroupDelegation.enable(parent);
      }
      if (folder.make()) {
        made.push(folder);
      }
      if (!hierarchy.unified() && hierarchy.controllers().contains("cpuset")) {
        inheritCpuset(parent, folder);
      }
      parent = folder;
      slash = next;
    }
  }

  /** A v1 cpuset is made without CPUs and memory nodes, and nothing can be put into it then. */
  private static void inheritCpuset(CgroupFolder parent, CgroupFolder folder) {
    for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
      if (folder.read(file).orElse("").isEmpty()) {
        String inherited = parent.read(file).orElse("");
        if (!inherited.isEmpty()) {
          folder.write(file, inherited);
        }
      }
    }
  }

  private static String checked(String path) {
    boolean ok = path.length() > 1 && path.length() < 3000 && path.charAt(0) == '/';
    for (String part : ok ? path.substring(1).split("/", -1) : new String[0]) {
      ok &= !part.isEmpty() && !part.equals(".") && !part.equals("..") && part.length() <= 255;
      ok &= part.chars().noneMatch(c -> c < ' ' || c == 0x7f);
    }
    if (!ok) {
      throw new CgroupException(
          "the control group path "
              + ErrnoException.quote(path)
              + " is not of the form /a/b: absolute, without empty parts, \".\", \"..\" and control"
              + " characters");
    }
    return path;
  }
}
