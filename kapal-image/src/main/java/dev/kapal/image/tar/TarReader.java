package dev.kapal.image.tar;

import dev.kapal.linux.PathBytes;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a tar archive entry by entry: v7, ustar, pax (with GNU.sparse 0.0, 0.1 and 1.0) and GNU
 * (long names, sparse files, base-256 numbers). Nothing in the archive is trusted: every length is
 * checked against {@link TarLimits} before memory is taken for it. One thread owns it.
 *
 * <p>After {@link #next} the entry's data stands in {@link #source}, {@link #dataRemaining} bytes
 * of it; what the caller leaves is passed over.
 */
public final class TarReader {
  private final ByteSource source;
  private final TarLimits limits;
  private final TarHeader header = new TarHeader();
  private PaxHeader global = new PaxHeader();
  private long dataRemaining;
  private int padding;
  private long position;
  private int entries;

  /** Reads from a source that stands at the archive's beginning. */
  public TarReader(ByteSource source, TarLimits limits) {
    this.source = source;
    this.limits = limits;
  }

  /** Bytes of the present entry's data that have not been read. */
  public long dataRemaining() {
    return dataRemaining;
  }

  /** Entries read so far. */
  public int entries() {
    return entries;
  }

  /**
   * Makes some of the entry's data available in the source.
   *
   * @return how many bytes may be taken now, 0 at the end of the data
   */
  public int fillData() throws IOException {
    if (dataRemaining == 0) {
      return 0;
    }
    if (!source.fill()) {
      throw new TarException("the archive ends in the middle of an entry's data");
    }
    return (int) Math.min(dataRemaining, source.available());
  }

  /** The array that holds what {@link #fillData} made available. */
  public byte[] dataArray() {
    return source.array();
  }

  /** Where it begins. */
  public int dataOffset() {
    return source.offset();
  }

  /** Passes over data that {@link #fillData} made available. */
  public void consumeData(int count) {
    source.consume(count);
    dataRemaining -= count;
    position += count;
  }

  /** Reads data into an array; false if there are fewer bytes left. */
  public boolean readData(byte[] into, int offset, int length) throws IOException {
    if (dataRemaining < length) {
      return false;
    }
    int done = 0;
    while (done < length) {
      int n = Math.min(length - done, fillData());
      System.arraycopy(source.array(), source.offset(), into, offset + done, n);
      consumeData(n);
      done += n;
    }
    return true;
  }

  /**
   * The next entry, empty at the archive's end.
   *
   * @throws TarException if the archive is malformed or exceeds a limit
   */
  public Optional<TarEntry> next() throws IOException {
    PaxHeader pax = null;
    String longName = null;
    String longLink = null;
    while (true) {
      skip(dataRemaining + padding);
      if (!readHeader()) {
        if (pax != null || longName != null || longLink != null) {
          throw new TarException("the archive ends after an extended header");
        }
        return Optional.empty();
      }
      if (++entries > limits.entries()) {
        throw new TarException("the archive has more than " + limits.entries() + " entries");
      }
      char type = header.type();
      long size = header.number("size", 124, 12);
      if (size < 0) {
        throw new TarException(
            "entry " + TarException.quote(header.name()) + " has a negative size");
      }
      switch (type) {
        case 'x', 'X' -> {
          pax = new PaxHeader(global);
          byte[] data = extended(size, "pax header", limits.paxBytes());
          pax.parse(data, data.length, limits);
        }
        case 'g' -> {
          PaxHeader next = new PaxHeader(global);
          byte[] data = extended(size, "global pax header", limits.paxBytes());
          next.parse(data, data.length, limits);
          // Each is bounded; so is what they add up to.
          if (next.values.size() + next.xattrs.size() > 1024) {
            throw new TarException("the archive has too many global pax records");
          }
          global = next;
        }
        case 'L' -> longName = longText(size, "name");
        case 'K' -> longLink = longText(size, "link target");
        case 'V' -> begin(size);
        default -> {
          return Optional.of(entry(type, size, pax == null ? global : pax, longName, longLink));
        }
      }
    }
  }

  /** Reads what is left of the source, so that its digest is that of all its bytes. */
  public void drain() throws IOException {
    while (source.fill()) {
      int n = source.available();
      count(n);
      source.consume(n);
    }
  }

  private boolean readHeader() throws IOException {
    if (!source.readFully(header.bytes, TarHeader.BLOCK)) {
      return false;
    }
    count(TarHeader.BLOCK);
    if (header.isZero()) {
      if (source.readFully(header.bytes, TarHeader.BLOCK)) {
        count(TarHeader.BLOCK);
        if (!header.isZero()) {
          throw new TarException("the archive goes on after a block of zeros: it is damaged");
        }
      }
      return false;
    }
    header.verifyChecksum();
    return true;
  }

  private TarEntry entry(
      char type,
      long headerSize,
      PaxHeader pax,
      @org.jspecify.annotations.Nullable String longName,
      @org.jspecify.annotations.Nullable String longLink)
      throws IOException {
    String name =
        pax.text("GNU.sparse.name")
            .or(() -> pax.text("path"))
            .orElse(longName != null ? longName : header.name());
    String link = pax.text("linkpath").orElse(longLink != null ? longLink : header.linkName());
    checkName(name, name);
    checkName(name, link);
    TarType kind =
        switch (type) {
          case '0', '\0', '7', 'S' ->
              type != 'S' && name.endsWith("/") && !header.isUstar()
                  ? TarType.DIRECTORY
                  : TarType.REGULAR;
          case '1' -> TarType.HARD_LINK;
          case '2' -> TarType.SYMLINK;
          case '3' -> TarType.CHARACTER;
          case '4' -> TarType.BLOCK;
          case '5' -> TarType.DIRECTORY;
          case '6' -> TarType.FIFO;
          default ->
              throw new TarException(
                  "entry "
                      + TarException.quote(name)
                      + " is of the kind "
                      + TarException.quote(String.valueOf(type))
                      + ", which is not taken");
        };
    long size = pax.number("size").orElse(headerSize);
    // Links and the like have no data, whatever some writers put into the size field; old pax
    // hard links with data are the exception that no layer has.
    boolean hasData = kind == TarType.REGULAR;
    Optional<SparseMap> sparse = Optional.empty();
    if (type == 'S') {
      sparse = Optional.of(oldSparse(name, size));
    } else {
      begin(hasData ? size : 0);
      if (hasData) {
        sparse = paxSparse(name, pax);
      }
    }
    long[] mtime = mtime(name, pax);
    return new TarEntry(
        kind,
        name,
        link,
        (int) (header.number("mode", 100, 8) & 07777),
        id(name, "uid", pax, 108),
        id(name, "gid", pax, 116),
        sparse.map(SparseMap::realSize).orElse(dataRemaining),
        mtime[0],
        (int) mtime[1],
        device(name, kind, 329),
        device(name, kind, 337),
        pax.xattrs.isEmpty() ? Map.of() : Map.copyOf(pax.xattrs),
        sparse);
  }

  private void checkName(String entry, String text) throws TarException {
    if (text.length() > limits.nameBytes() || PathBytes.encode(text).length > limits.nameBytes()) {
      throw new TarException(
          "entry " + TarException.quote(entry) + " has a name or target that is too long");
    }
  }

  private long id(String name, String key, PaxHeader pax, int offset) throws TarException {
    Optional<Long> fromPax = pax.number(key);
    long id = fromPax.isPresent() ? fromPax.get() : header.number(key, offset, 8);
    if (id < 0 || id > 0xffff_fffeL) {
      throw new TarException(
          "entry " + TarException.quote(name) + " has the " + key + " " + id + ", out of range");
    }
    return id;
  }

  private int device(String name, TarType kind, int offset) throws TarException {
    if (kind != TarType.CHARACTER && kind != TarType.BLOCK) {
      return 0;
    }
    long number = header.number("device number", offset, 8);
    if (number < 0 || number > (offset == 329 ? 0xfff : 0xfffff)) {
      throw new TarException(
          "entry " + TarException.quote(name) + " has the device number " + number);
    }
    return (int) number;
  }

  private long[] mtime(String name, PaxHeader pax) throws TarException {
    Optional<String> text = pax.text("mtime");
    if (text.isEmpty()) {
      return new long[] {header.number("mtime", 136, 12), 0};
    }
    try {
      if (text.get().length() > 40
          || text.get().indexOf('e') >= 0
          || text.get().indexOf('E') >= 0) {
        throw new NumberFormatException();
      }
      BigDecimal time = new BigDecimal(text.get());
      BigDecimal seconds = time.setScale(0, RoundingMode.FLOOR);
      long nanos = time.subtract(seconds).movePointRight(9).longValue();
      return new long[] {seconds.longValueExact(), nanos};
    } catch (NumberFormatException | ArithmeticException _) {
      throw new TarException("entry " + TarException.quote(name) + " has no proper mtime");
    }
  }

  /** GNU's 'S': four extents in the header, 21 in each block that follows. */
  private SparseMap oldSparse(String name, long size) throws IOException {
    List<SparseMap.Extent> extents = new ArrayList<>();
    long realSize = header.number("real size", 483, 12);
    boolean more = extents(386, 4, extents) && header.bytes[482] != 0;
    boolean extended = header.bytes[482] != 0;
    TarHeader block = header;
    // The fields of the header are needed after this: read the extension blocks elsewhere.
    while (extended) {
      block = new TarHeader();
      if (!source.readFully(block.bytes, TarHeader.BLOCK)) {
        throw new TarException("the archive ends in the middle of a map of holes");
      }
      count(TarHeader.BLOCK);
      if (extents.size() > limits.sparseExtents()) {
        throw tooSparse(name);
      }
      extended = block.bytes[504] != 0;
      if (more) {
        more = extents(block, 0, 21, extents);
      }
    }
    begin(size);
    return SparseMap.checked(name, realSize, extents, size);
  }

  private boolean extents(int offset, int count, List<SparseMap.Extent> into) throws TarException {
    return extents(header, offset, count, into);
  }

  private static boolean extents(
      TarHeader block, int offset, int count, List<SparseMap.Extent> into) throws TarException {
    for (int i = 0; i < count; i++) {
      int at = offset + 24 * i;
      if (block.bytes[at] == 0 && block.bytes[at + 12] == 0) {
        return false;
      }
      into.add(
          new SparseMap.Extent(
              block.number("offset", at, 12), block.number("length", at + 12, 12)));
    }
    return true;
  }

  private Optional<SparseMap> paxSparse(String name, PaxHeader pax) throws IOException {
    if (pax.text("GNU.sparse.major").filter("1"::equals).isPresent()) {
      long realSize = pax.number("GNU.sparse.realsize").orElse(-1L);
      List<SparseMap.Extent> extents = sparse10(name);
      return Optional.of(SparseMap.checked(name, realSize, extents, dataRemaining));
    }
    Optional<Long> realSize = pax.number("GNU.sparse.size");
    if (realSize.isEmpty()) {
      return Optional.empty();
    }
    List<Long> numbers = new ArrayList<>(pax.sparse00);
    Optional<String> map = pax.text("GNU.sparse.map");
    if (map.isPresent()) {
      numbers.clear();
      for (String part : map.get().split(",", -1)) {
        if (numbers.size() >= 2 * limits.sparseExtents()) {
          throw tooSparse(name);
        }
        numbers.add(PaxHeader.decimal("GNU.sparse.map", part));
      }
    }
    if (numbers.size() % 2 != 0) {
      throw new TarException(
          "entry " + TarException.quote(name) + ": its map of holes lacks a number");
    }
    List<SparseMap.Extent> extents = new ArrayList<>();
    for (int i = 0; i < numbers.size(); i += 2) {
      extents.add(new SparseMap.Extent(numbers.get(i), numbers.get(i + 1)));
    }
    return Optional.of(SparseMap.checked(name, realSize.get(), extents, dataRemaining));
  }

  /** Format 1.0: the map stands before the data, as decimal lines, padded to a block. */
  private List<SparseMap.Extent> sparse10(String name) throws IOException {
    SparseText text = new SparseText(this, name);
    long count = text.number();
    if (count > limits.sparseExtents()) {
      throw tooSparse(name);
    }
    List<SparseMap.Extent> extents = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      extents.add(new SparseMap.Extent(text.number(), text.number()));
    }
    return extents;
  }

  private static TarException tooSparse(String name) {
    return new TarException("entry " + TarException.quote(name) + " has too many holes");
  }

  private String longText(long size, String what) throws IOException {
    byte[] data = extended(size, what, limits.nameBytes() + 1);
    int end = 0;
    while (end < data.length && data[end] != 0) {
      end++;
    }
    for (int i = end; i < data.length; i++) {
      if (data[i] != 0) {
        throw new TarException(
            "entry " + TarException.quote(PathBytes.decode(data)) + " has a NUL in its " + what);
      }
    }
    return PathBytes.decode(data, 0, end);
  }

  private byte[] extended(long size, String what, int limit) throws IOException {
    if (size > limit) {
      throw new TarException(
          "entry "
              + TarException.quote(header.name())
              + ": a "
              + what
              + " of "
              + size
              + " bytes is too long, at most "
              + limit
              + " are taken");
    }
    begin(size);
    byte[] data = new byte[(int) size];
    readData(data, 0, data.length);
    return data;
  }

  private void begin(long size) throws TarException {
    if (size > limits.bytes()) {
      throw new TarException(
          "entry " + TarException.quote(header.name()) + " has " + size + " bytes, too many");
    }
    dataRemaining = size;
    padding = (int) (-size & (TarHeader.BLOCK - 1));
  }

  private void skip(long count) throws IOException {
    long left = count;
    while (left > 0) {
      if (!source.fill()) {
        throw new TarException("the archive ends in the middle of an entry's data");
      }
      int n = (int) Math.min(left, source.available());
      source.consume(n);
      count(n);
      left -= n;
    }
    dataRemaining = 0;
    padding = 0;
  }

  private void count(long bytes) throws TarException {
    position += bytes;
    if (position > limits.bytes()) {
      throw new TarException("the archive is longer than " + limits.bytes() + " bytes");
    }
  }
}
