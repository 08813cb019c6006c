package dev.kapal.linux;

/** What an inode is. */
public enum FileType {
  FIFO(0x1000, 1),
  CHARACTER(0x2000, 2),
  DIRECTORY(0x4000, 4),
  BLOCK(0x6000, 6),
  REGULAR(0x8000, 8),
  SYMLINK(0xa000, 10),
  SOCKET(0xc000, 12),
  /** The file system did not say (only in directory listings). */
  UNKNOWN(0, 0);

  private static final FileType[] VALUES = values();

  private final int bits;
  private final int entryType;

  FileType(int bits, int entryType) {
    this.bits = bits;
    this.entryType = entryType;
  }

  /** The S_IF* bits. */
  public int bits() {
    return bits;
  }

  /** The type in a mode of struct stat. */
  public static FileType ofMode(int mode) {
    for (FileType type : VALUES) {
      if (type.bits == (mode & 0xf000)) {
        return type;
      }
    }
    return UNKNOWN;
  }

  static FileType ofEntry(int entryType) {
    for (FileType type : VALUES) {
      if (type.entryType == entryType) {
        return type;
      }
    }
    return UNKNOWN;
  }
}
