package dev.kapal.config.check.probe;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The smallest EROFS: two blocks, a root directory with nothing in it. As
 * Documentation/filesystems/ erofs.rst of the kernel describes it, with nothing that a kernel of
 * 5.4 would not know.
 */
final class ErofsImage {
  private static final int BLOCK = 4096;
  private static final int SUPERBLOCK = 1024;
  private static final int MAGIC = 0xe0f5e1e2;
  private static final int ROOT = 36;

  private ErofsImage() {}

  static byte[] bytes() {
    ByteBuffer image = ByteBuffer.allocate(2 * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    image.putInt(SUPERBLOCK, MAGIC);
    image.put(SUPERBLOCK + 12, (byte) 12); // blkszbits
    image.putShort(SUPERBLOCK + 14, (short) ROOT); // root_nid, in slots of 32 bytes from block 0
    image.putLong(SUPERBLOCK + 16, 1); // inos
    image.putInt(SUPERBLOCK + 36, 2); // blocks
    int inode = ROOT * 32;
    image.putShort(inode, (short) 0); // compact inode, plain data
    image.putShort(inode + 4, (short) 0x41ed); // a directory, 0755
    image.putShort(inode + 6, (short) 2); // nlink
    image.putInt(inode + 8, BLOCK); // size
    image.putInt(inode + 16, 1); // its data is in block 1
    image.putInt(inode + 20, 1); // ino
    // Two entries of 12 bytes, then their names.
    entry(image, BLOCK, 24);
    entry(image, BLOCK + 12, 25);
    image.put(BLOCK + 24, (byte) '.');
    image.put(BLOCK + 25, (byte) '.');
    image.put(BLOCK + 26, (byte) '.');
    return image.array();
  }

  private static void entry(ByteBuffer image, int at, int name) {
    image.putLong(at, ROOT);
    image.putShort(at + 8, (short) name);
    image.put(at + 10, (byte) 2); // a directory
  }
}
