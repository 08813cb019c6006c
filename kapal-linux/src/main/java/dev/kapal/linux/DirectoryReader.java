package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** getdents64(2). */
final class DirectoryReader {
  private static final int BUFFER = 32 << 10;

  private DirectoryReader() {}

  static List<DirEntry> list(Fd directory) {
    long rewound = Sys.call(Nr.LSEEK, directory.number(), 0, Fcntl.SEEK_SET);
    if (Sys.failedWith(rewound, Errno.EBADF) && directory.isOpen()) {
      long opened =
          SystemDescriptors.tryOpenat(
              directory.number(), ".", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
      try (Fd readable = Fd.of((int) Sys.check(opened, "list", directory::toString))) {
        return read(readable);
      }
    }
    Sys.check(rewound, "list", directory::toString);
    return read(directory);
  }

  private static List<DirEntry> read(Fd directory) {
    List<DirEntry> entries = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BUFFER, 8);
      while (true) {
        long n =
            Sys.check(
                Sys.call(Nr.GETDENTS64, directory.number(), buffer.address(), BUFFER),
                "list",
                directory::toString);
        if (n == 0) {
          return entries;
        }
        for (long at = 0; at < n; ) {
          int length = buffer.get(JAVA_SHORT, at + 16) & 0xffff;
          add(entries, buffer.asSlice(at, length));
          at += length;
        }
      }
    }
  }

  /** struct linux_dirent64: u64 inode, s64 position, u16 length, u8 type, name. */
  private static void add(List<DirEntry> entries, MemorySegment entry) {
    int end = 19;
    while (entry.get(JAVA_BYTE, end) != 0) {
      end++;
    }
    String name = PathBytes.decode(FileContents.copyOut(entry.asSlice(19), end - 19));
    if (!name.equals(".") && !name.equals("..")) {
      FileType type = FileType.ofEntry(entry.get(JAVA_BYTE, 18));
      entries.add(new DirEntry(name, type, entry.get(JAVA_LONG, 0)));
    }
  }
}
