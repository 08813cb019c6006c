package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A directory of a control group file system and its files. */
record CgroupFolder(String path) {
  boolean exists() {
    return KernelProbe.exists(path);
  }

  boolean has(String file) {
    return KernelProbe.exists(path + "/" + file);
  }

  /** Empty when the group or the file is gone, or the kernel has nothing to say. */
  Optional<String> read(String file) {
    try {
      return Optional.of(ProcFiles.text(path + "/" + file).strip());
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENODEV, Errno.EOPNOTSUPP, Errno.ENOTDIR)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  long number(String file) {
    return read(file).map(CgroupFolder::parse).orElse(0L);
  }

  /** A number; "max" and what v1 shows for it are {@link Long#MAX_VALUE}. */
  static long parse(String text) {
    if (text.equals("max")) {
      return Long.MAX_VALUE;
    }
    try {
      long value = Long.parseLong(text);
      // v1 rounds its highest value down to a page.
      return value >= Long.MAX_VALUE - 0xffff || value < 0 ? Long.MAX_VALUE : value;
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  void write(String file, String value) {
    ProcFiles.writeAt(Fd.CWD, path + "/" + file, value);
  }

  /** The value of a line "key value" of a flat keyed file. */
  static long keyed(String text, String key) {
    String start = key + " ";
    return text.lines()
        .filter(line -> line.startsWith(start))
        .findFirst()
        .map(line -> parse(line.substring(start.length()).strip()))
        .orElse(0L);
  }

  Fd open(String file, int flags) {
    long result = SystemDescriptors.tryOpenat(Fcntl.AT_FDCWD, path + "/" + file, flags, 0);
    return Fd.of((int) Sys.check(result, "open", path + "/" + file));
  }

  /** Groups directly below. */
  List<CgroupFolder> below() {
    long opened =
        SystemDescriptors.tryOpenat(
            Fcntl.AT_FDCWD, path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW, 0);
    if (Sys.failedWith(opened, Errno.ENOENT)) {
      return List.of();
    }
    try (Fd directory = Fd.of((int) Sys.check(opened, "open", path))) {
      return DirectoryReader.list(directory).stream()
          .filter(entry -> entry.type() == FileType.DIRECTORY)
          .map(entry -> new CgroupFolder(path + "/" + entry.name()))
          .toList();
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return List.of();
      }
      throw e;
    }
  }

  /**
   * Process ids in it and below. Processes of other pid namespaces, which the kernel shows as 0,
   * are left out: as the target of a signal 0 would mean ourselves.
   */
  List<Integer> processes() {
    List<Integer> all = new ArrayList<>();
    for (String line : read("cgroup.procs").orElse("").lines().toList()) {
      int pid = line.isBlank() ? 0 : Integer.parseInt(line.strip());
      if (pid > 0) {
        all.add(pid);
      }
    }
    below().forEach(folder -> all.addAll(folder.processes()));
    return all;
  }

  /** rmdir(2), the lowest first; false when something is still in use. */
  boolean remove() {
    boolean all = true;
    for (CgroupFolder folder : below()) {
      all &= folder.remove();
    }
    return removeAlone() && all;
  }

  boolean removeAlone() {
    try {
      files().unlinkat(Fd.CWD, path, Fcntl.AT_REMOVEDIR);
      return true;
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return true;
      }
      if (e.is(Errno.EBUSY, Errno.ENOTEMPTY)) {
        return false;
      }
      throw e;
    }
  }

  /** mkdir(2); whether it was made now. */
  boolean make() {
    try {
      files().mkdirat(Fd.CWD, path, 0x1ed);
      return true;
    } catch (ErrnoException e) {
      if (e.is(Errno.EEXIST)) {
        return false;
      }
      throw e;
    }
  }

  private static Descriptors files() {
    return Linux.system().descriptors();
  }
}
