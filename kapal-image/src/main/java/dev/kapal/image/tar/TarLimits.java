package dev.kapal.image.tar;

/**
 * Bounds on what an archive may hold; an archive beyond them is refused.
 *
 * @param bytes of the whole archive, uncompressed
 * @param entries in it
 * @param paxBytes of one extended header
 * @param sparseExtents of one file
 * @param nameBytes of a name or link target
 */
public record TarLimits(long bytes, int entries, int paxBytes, int sparseExtents, int nameBytes) {
  /** 256 GiB, 2 million entries, 1 MiB, 65,536 extents, PATH_MAX. */
  public static final TarLimits DEFAULT =
      new TarLimits(256L << 30, 2_000_000, 1 << 20, 65_536, 4095);

  /** The same with another bound on the whole. */
  public TarLimits withBytes(long newBytes) {
    return new TarLimits(newBytes, entries, paxBytes, sparseExtents, nameBytes);
  }

  /** The same with another bound on entries. */
  public TarLimits withEntries(int newEntries) {
    return new TarLimits(bytes, newEntries, paxBytes, sparseExtents, nameBytes);
  }
}
