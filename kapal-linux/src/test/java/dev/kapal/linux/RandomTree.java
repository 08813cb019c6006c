package dev.kapal.linux;

import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Trees full of links, and paths through them; from a seed. */
final class RandomTree {
  private static final List<String> NAMES = List.of("a", "b", "c", "d", "e", "f");

  private RandomTree() {}

  static void grow(Descriptors files, Fd root, Random random) {
    for (int i = 0; i < 150; i++) {
      try (Fd parent = parent(files, root, random)) {
        String name = random.nextInt(3) == 0 ? name(random) : name(random) + "." + name(random);
        switch (random.nextInt(4)) {
          case 0, 1 -> files.symlinkat(target(random), parent, name);
          case 2 -> files.mkdirat(parent, name, 0x1ed);
          default ->
              files
                  .openat(parent, name, Fcntl.O_CREAT | Fcntl.O_NOFOLLOW | Fcntl.O_EXCL, 0x1a4)
                  .close();
        }
      } catch (ErrnoException e) {
        if (!e.is(Errno.EEXIST, Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
          throw e;
        }
      }
    }
    chain(files, root);
  }

  /** Exactly 40 and 41 links in a row. */
  private static void chain(Descriptors files, Fd root) {
    try (Fd _ = files.openat(root, "n0", Fcntl.O_CREAT | Fcntl.O_RDWR, 0x1a4)) {
      for (int i = 1; i <= 41; i++) {
        files.symlinkat("n" + (i - 1), root, "n" + i);
      }
    }
  }

  /** The root or a real directory in it, never through a link that may lead out. */
  private static Fd parent(Descriptors files, Fd root, Random random) {
    String path =
        random.nextInt(3) == 0
            ? "."
            : name(random) + (random.nextBoolean() ? "" : "/" + name(random));
    Set<Resolve> how = EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS);
    return files.openBeneath(root, path, Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0, how);
  }

  private static String name(Random random) {
    return NAMES.get(random.nextInt(NAMES.size()));
  }

  private static String target(Random random) {
    return random.nextInt(12) == 0 ? "/" : path(random);
  }

  static String path(Random random) {
    if (random.nextInt(25) == 0) {
      return (random.nextBoolean() ? "/" : "") + "n" + (38 + random.nextInt(4));
    }
    StringBuilder path = new StringBuilder(random.nextInt(4) == 0 ? "/" : "");
    int parts = 1 + random.nextInt(4);
    for (int i = 0; i < parts; i++) {
      String part =
          switch (random.nextInt(8)) {
            case 0 -> "..";
            case 1 -> ".";
            case 2, 3 -> name(random) + "." + name(random);
            default -> name(random);
          };
      path.append(i > 0 ? (random.nextInt(8) == 0 ? "//" : "/") : "").append(part);
    }
    return path.append(random.nextInt(6) == 0 ? "/" : "").toString();
  }

  static int flags(Random random) {
    int kind =
        switch (random.nextInt(5)) {
          case 0 -> Fcntl.O_PATH;
          case 1 -> Fcntl.O_RDWR;
          default -> Fcntl.O_RDONLY;
        };
    int more = random.nextInt(4) == 0 ? Fcntl.O_NOFOLLOW : 0;
    return kind | more | (random.nextInt(5) == 0 ? Fcntl.O_DIRECTORY : 0);
  }

  static Set<Resolve> how(Random random) {
    Set<Resolve> how = EnumSet.of(random.nextInt(3) > 0 ? Resolve.IN_ROOT : Resolve.BENEATH);
    if (random.nextInt(6) == 0) {
      how.add(Resolve.NO_SYMLINKS);
    }
    if (random.nextInt(6) == 0) {
      how.add(Resolve.NO_XDEV);
    }
    return how;
  }

  static void describe(Descriptors files, Fd directory, String prefix, StringBuilder out) {
    for (DirEntry entry :
        files.list(directory).stream()
            .sorted(java.util.Comparator.comparing(DirEntry::name))
            .toList()) {
      out.append(prefix).append(entry.name()).append(' ').append(entry.type()).append('\n');
      if (entry.type() == FileType.DIRECTORY) {
        try (Fd sub = files.openat(directory, entry.name(), Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW)) {
          describe(files, sub, prefix + entry.name() + "/", out);
        }
      }
    }
  }
}
