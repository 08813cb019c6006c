package dev.kapal.engine.core;

import dev.kapal.engine.config.UserDatabase;
import dev.kapal.engine.files.InRoot;
import dev.kapal.engine.files.OverlayRoot;
import dev.kapal.image.Snapshot;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Users and groups of containers' root file systems. Those of images are remembered, since an image
 * never changes; a container that has written to its /etc is read again.
 */
final class Users {
  private static final int REMEMBERED = 256;

  private final Hub hub;
  private final Map<String, UserDatabase> byImage = new ConcurrentHashMap<>();

  Users(Hub hub) {
    this.hub = hub;
  }

  /** Of a container that does not run. */
  UserDatabase of(Snapshot s) {
    Descriptors calls = hub.linux.descriptors();
    boolean changed;
    try (Fd upper = calls.open(s.upper().toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY)) {
      changed = calls.lstatIfExists(upper, "etc").isPresent();
    }
    if (changed) {
      try (OverlayRoot root = OverlayRoot.ofContainer(hub.linux, s, hub.layout.scratch())) {
        return read(calls, root.root());
      }
    }
    String image = s.image().toString();
    UserDatabase known = byImage.get(image);
    if (known != null) {
      return known;
    }
    try (OverlayRoot root = OverlayRoot.ofImage(hub.linux, s, hub.layout.scratch())) {
      UserDatabase db = read(calls, root.root());
      if (byImage.size() >= REMEMBERED) {
        byImage.clear();
      }
      byImage.put(image, db);
      return db;
    }
  }

  /** Of a container that runs, as it is now. */
  UserDatabase of(Fd root) {
    return read(hub.linux.descriptors(), root);
  }

  private static UserDatabase read(Descriptors calls, Fd root) {
    return UserDatabase.parse(
        InRoot.read(calls, root, "etc/passwd", UserDatabase.MAX_BYTES),
        InRoot.read(calls, root, "etc/group", UserDatabase.MAX_BYTES));
  }
}
