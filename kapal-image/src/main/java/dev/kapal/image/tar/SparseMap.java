package dev.kapal.image.tar;

import java.util.List;

/**
 * Where the data of a sparse file lies; all else is a hole.
 *
 * @param realSize length of the file
 * @param extents in ascending order, none overlapping, within the length
 */
public record SparseMap(long realSize, List<Extent> extents) {
  /** A stretch of data. */
  public record Extent(long offset, long length) {}

  /** Checks the order; {@code stored} is how many bytes of data the archive holds. */
  static SparseMap checked(String name, long realSize, List<Extent> extents, long stored)
      throws TarException {
    long end = 0;
    long sum = 0;
    for (Extent extent : extents) {
      if (extent.offset < end
          || extent.length < 0
          || extent.length > realSize
          || extent.offset > realSize - extent.length) {
        throw new TarException(
            "entry " + TarException.quote(name) + ": its map of holes is out of order");
      }
      end = extent.offset + extent.length;
      sum += extent.length;
    }
    if (sum != stored) {
      throw new TarException(
          "entry "
              + TarException.quote(name)
              + ": its map of holes is for "
              + sum
              + " bytes of data, but there are "
              + stored);
    }
    return new SparseMap(realSize, List.copyOf(extents));
  }
}
