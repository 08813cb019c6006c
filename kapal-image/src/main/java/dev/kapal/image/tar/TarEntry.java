package dev.kapal.image.tar;

import java.util.Map;
import java.util.Optional;

/**
 * One entry of an archive. Names are as they stand in the archive, unchecked, in the form of {@link
 * dev.kapal.linux.PathBytes}.
 *
 * @param type what it is
 * @param name its path
 * @param linkName target of a link
 * @param mode permission bits, the lower twelve
 * @param uid owner, 0 to 2^32-2
 * @param gid group, 0 to 2^32-2
 * @param size bytes of content; for a sparse file its whole length
 * @param mtimeSeconds since 1970
 * @param mtimeNanos 0 to 999,999,999
 * @param devMajor of a device
 * @param devMinor of a device
 * @param xattrs extended attributes by name
 * @param sparse where the data of a sparse file lies
 */
public record TarEntry(
    TarType type,
    String name,
    String linkName,
    int mode,
    long uid,
    long gid,
    long size,
    long mtimeSeconds,
    int mtimeNanos,
    int devMajor,
    int devMinor,
    Map<String, byte[]> xattrs,
    Optional<SparseMap> sparse) {
  /** A regular file, for archives made here. */
  public static TarEntry file(String name, long size, int mode) {
    return of(TarType.REGULAR, name, "", size, mode);
  }

  /** A directory, for archives made here. */
  public static TarEntry directory(String name, int mode) {
    return of(TarType.DIRECTORY, name, "", 0, mode);
  }

  /** A hard or symbolic link, for archives made here. */
  public static TarEntry link(TarType type, String name, String target) {
    return of(type, name, target, 0, 0777);
  }

  private static TarEntry of(TarType type, String name, String link, long size, int mode) {
    return new TarEntry(type, name, link, mode, 0, 0, size, 0, 0, 0, 0, Map.of(), Optional.empty());
  }
}
