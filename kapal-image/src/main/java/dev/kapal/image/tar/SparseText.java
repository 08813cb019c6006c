package dev.kapal.image.tar;

import java.io.IOException;

/** The decimal lines at the head of a sparse file's data (GNU.sparse 1.0), block by block. */
final class SparseText {
  private final TarReader reader;
  private final String name;
  private final byte[] block = new byte[TarHeader.BLOCK];
  private int at = TarHeader.BLOCK;

  SparseText(TarReader reader, String name) {
    this.reader = reader;
    this.name = name;
  }

  long number() throws IOException {
    long value = 0;
    for (int digits = 0; ; digits++) {
      if (at == TarHeader.BLOCK) {
        if (!reader.readData(block, 0, TarHeader.BLOCK)) {
          throw bad();
        }
        at = 0;
      }
      byte b = block[at++];
      if (b == '\n' && digits > 0) {
        return value;
      }
      if (b < '0' || b > '9' || digits > 17) {
        throw bad();
      }
      value = value * 10 + b - '0';
    }
  }

  private TarException bad() {
    return new TarException("entry " + TarException.quote(name) + ": its map of holes is damaged");
  }
}
