package dev.kapal.config.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The smallest dynamic program for x86-64 that needs one version of the C library's symbols. */
final class SampleElf {
  private SampleElf() {}

  static byte[] needing(String version) {
    ByteBuffer elf = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
    elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).put(6, (byte) 1);
    elf.putShort(16, (short) 2).putShort(18, (short) 62).putInt(20, 1);
    elf.putLong(32, 64).putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) 2);
    segment(elf, 64, 1, 0, 1024);
    segment(elf, 120, 2, 256, 6 * 16);
    String strings = "\0libc.so.6\0" + version + "\0";
    elf.put(512, strings.getBytes(StandardCharsets.US_ASCII));
    long[][] dynamic = {
      {1, 1}, {5, 512}, {10, strings.length()}, {0x6ffffffeL, 768}, {0x6fffffffL, 1}, {0, 0}
    };
    for (int i = 0; i < dynamic.length; i++) {
      elf.putLong(256 + i * 16, dynamic[i][0]).putLong(264 + i * 16, dynamic[i][1]);
    }
    elf.putShort(768, (short) 1).putShort(770, (short) 1).putInt(772, 1).putInt(776, 16);
    elf.putInt(784 + 8, 11);
    return elf.array();
  }

  private static void segment(ByteBuffer elf, int at, int type, long offset, long size) {
    elf.putInt(at, type).putInt(at + 4, 5).putLong(at + 8, offset).putLong(at + 16, offset);
    elf.putLong(at + 32, size).putLong(at + 40, size);
  }
}
