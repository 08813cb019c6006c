package dev.kapal.image.tar;

import dev.kapal.linux.PathBytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a tar: ustar headers, with a pax header before those whose values do not fit. The same
 * entries give the same bytes. One thread owns it.
 */
public final class TarWriter {
  private static final byte[] ZEROS = new byte[2 * TarHeader.BLOCK];
  private final OutputStream out;
  private long remaining;
  private int padding;

  /** Writes to a stream, which stays the caller's. */
  public TarWriter(OutputStream out) {
    this.out = out;
  }

  /** Begins an entry; if it is a regular file, its {@code size} bytes follow by {@link #write}. */
  public void begin(TarEntry entry) throws IOException {
    finishEntry();
    boolean data = entry.type() == TarType.REGULAR;
    long size = data ? entry.size() : 0;
    TreeMap<String, byte[]> pax = new TreeMap<>();
    byte[] name = PathBytes.encode(entry.name());
    byte[] link = PathBytes.encode(entry.linkName());
    if (name.length > 100 || !ascii(name)) {
      pax.put("path", name);
    }
    if (link.length > 100 || !ascii(link)) {
      pax.put("linkpath", link);
    }
    if (size > 077777777777L) {
      pax.put("size", number(size));
    }
    if (entry.uid() > 07777777) {
      pax.put("uid", number(entry.uid()));
    }
    if (entry.gid() > 07777777) {
      pax.put("gid", number(entry.gid()));
    }
    long mtime = entry.mtimeSeconds();
    if (entry.mtimeNanos() != 0 || mtime < 0 || mtime > 077777777777L) {
      pax.put("mtime", time(mtime, entry.mtimeNanos()));
      mtime = Math.clamp(mtime, 0, 077777777777L);
    }
    for (Map.Entry<String, byte[]> xattr : entry.xattrs().entrySet()) {
      pax.put("SCHILY.xattr." + xattr.getKey(), xattr.getValue());
    }
    if (!pax.isEmpty()) {
      byte[] records = records(pax);
      header('x', "PaxHeaders.0/x".getBytes(StandardCharsets.US_ASCII), records.length, entry, 0);
      out.write(records);
      out.write(ZEROS, 0, -records.length & (TarHeader.BLOCK - 1));
    }
    header(typeFlag(entry.type()), name, size > 077777777777L ? 0 : size, entry, mtime);
    remaining = size;
    padding = (int) (-size & (TarHeader.BLOCK - 1));
  }

  /** Writes data of the entry that was begun. */
  public void write(byte[] data, int offset, int length) throws IOException {
    if (length > remaining) {
      throw new IOException("more data than the entry's size says");
    }
    out.write(data, offset, length);
    remaining -= length;
  }

  /** A whole file. */
  public void file(TarEntry entry, byte[] data) throws IOException {
    begin(entry);
    write(data, 0, data.length);
  }

  /** Ends the archive and flushes; the stream stays open. */
  public void finish() throws IOException {
    finishEntry();
    out.write(ZEROS, 0, 2 * TarHeader.BLOCK);
    out.flush();
  }

  private void finishEntry() throws IOException {
    if (remaining != 0) {
      throw new IOException("an entry lacks " + remaining + " bytes of the data it announced");
    }
    out.write(ZEROS, 0, padding);
    padding = 0;
  }

  private void header(char type, byte[] name, long size, TarEntry entry, long mtime)
      throws IOException {
    byte[] block = new byte[TarHeader.BLOCK];
    System.arraycopy(name, 0, block, 0, Math.min(name.length, 100));
    octal(block, 100, 8, entry.mode());
    octal(block, 108, 8, entry.uid() > 07777777 || type == 'x' ? 0 : entry.uid());
    octal(block, 116, 8, entry.gid() > 07777777 || type == 'x' ? 0 : entry.gid());
    octal(block, 124, 12, size);
    octal(block, 136, 12, mtime);
    block[156] = (byte) type;
    if (type != 'x') {
      byte[] link = PathBytes.encode(entry.linkName());
      System.arraycopy(link, 0, block, 157, Math.min(link.length, 100));
    }
    byte[] magic = "ustar\00000".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(magic, 0, block, 257, magic.length);
    if (type == '3' || type == '4') {
      octal(block, 329, 8, entry.devMajor());
      octal(block, 337, 8, entry.devMinor());
    }
    java.util.Arrays.fill(block, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    octal(block, 148, 7, sum);
    out.write(block);
  }

  private static char typeFlag(TarType type) {
    return switch (type) {
      case REGULAR -> '0';
      case HARD_LINK -> '1';
      case SYMLINK -> '2';
      case CHARACTER -> '3';
      case BLOCK -> '4';
      case DIRECTORY -> '5';
      case FIFO -> '6';
    };
  }

  private static void octal(byte[] block, int offset, int length, long value) {
    long rest = value;
    for (int i = offset + length - 2; i >= offset; i--) {
      block[i] = (byte) ('0' + (rest & 7));
      rest >>= 3;
    }
    block[offset + length - 1] = 0;
  }

  private static byte[] number(long value) {
    return Long.toString(value).getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] time(long seconds, int nanos) {
    java.math.BigDecimal time =
        java.math.BigDecimal.valueOf(seconds).add(java.math.BigDecimal.valueOf(nanos, 9));
    return time.stripTrailingZeros().toPlainString().getBytes(StandardCharsets.US_ASCII);
  }

  private static boolean ascii(byte[] text) {
    for (byte b : text) {
      if (b < 0) {
        return false;
      }
    }
    return true;
  }

  private static byte[] records(Map<String, byte[]> pax) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    pax.forEach((key, value) -> {
      byte[] name = PathBytes.encode(key);
      int rest = name.length + value.length + 3; // space, '=', newline
      int length = rest + 1;
      while (Integer.toString(length).length() + rest != length) {
        length = Integer.toString(length).length() + rest;
      }
      all.writeBytes((length + " ").getBytes(StandardCharsets.US_ASCII));
      all.writeBytes(name);
      all.write('=');
      all.writeBytes(value);
      all.write('\n');
    });
    return all.toByteArray();
  }
}
