package dev.kapal.linux;

/** A directory of its own for a test, removed with everything in it. */
final class TempTree implements AutoCloseable {
  private static final Descriptors FILES = Linux.with(KernelFeatures.linux419()).descriptors();

  final String path;
  final Fd root;

  TempTree() {
    this("/tmp");
  }

  TempTree(String below) {
    path = below + "/kapal-linux-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
    FILES.mkdirat(Fd.CWD, path, 0x1ed);
    root = FILES.open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
  }

  void file(String name, String content) {
    try (Fd fd = FILES.openat(root, name, Fcntl.O_CREAT | Fcntl.O_WRONLY | Fcntl.O_TRUNC, 0x1a4)) {
      FILES.writeFully(fd, PathBytes.encode(content));
    }
  }

  String content(String name) {
    try (Fd fd = FILES.openat(root, name, Fcntl.O_RDONLY)) {
      return PathBytes.decode(FILES.readFully(fd, 1 << 20));
    }
  }

  @Override
  public void close() {
    empty(root);
    root.close();
    FILES.unlinkat(Fd.CWD, path, Fcntl.AT_REMOVEDIR);
  }

  static void empty(Fd directory) {
    for (DirEntry entry : FILES.list(directory)) {
      boolean isDirectory =
          FILES.fstatat(directory, entry.name(), Fcntl.AT_SYMLINK_NOFOLLOW).isDirectory();
      if (isDirectory) {
        try (Fd sub =
            FILES.openat(
                directory, entry.name(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW)) {
          empty(sub);
        }
      }
      FILES.unlinkat(directory, entry.name(), isDirectory ? Fcntl.AT_REMOVEDIR : 0);
    }
  }
}
