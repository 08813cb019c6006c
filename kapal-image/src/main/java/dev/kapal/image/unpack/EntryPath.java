package dev.kapal.image.unpack;

import dev.kapal.image.ImageException;
import dev.kapal.image.tar.TarException;
import dev.kapal.linux.PathBytes;

/** Names of a tar made into paths below a layer's root. */
final class EntryPath {
  private EntryPath() {}

  /**
   * The path without leading and doubled slashes and ".": "" is the root.
   *
   * @throws ImageException.Refused if it has "..", or a part that no file can be called
   */
  static String normalise(String entry, String path) {
    StringBuilder out = new StringBuilder(path.length());
    int start = 0;
    while (start <= path.length()) {
      int slash = path.indexOf('/', start);
      int end = slash < 0 ? path.length() : slash;
      String part = path.substring(start, end);
      start = end + 1;
      if (part.isEmpty() || part.equals(".")) {
        continue;
      }
      if (part.equals("..")) {
        throw refuse(entry, "leads outside with \"..\"");
      }
      if (part.indexOf('\0') >= 0) {
        throw refuse(entry, "has a NUL in its name");
      }
      if (part.length() > 255 || PathBytes.encode(part).length > 255) {
        throw refuse(entry, "has a name of more than 255 bytes");
      }
      if (!out.isEmpty()) {
        out.append('/');
      }
      out.append(part);
    }
    return out.toString();
  }

  static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  static String base(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  static ImageException.Refused refuse(String entry, String why) {
    return new ImageException.Refused("entry " + TarException.quote(entry) + " " + why);
  }
}
