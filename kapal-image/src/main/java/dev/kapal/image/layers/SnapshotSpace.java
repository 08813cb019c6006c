package dev.kapal.image.layers;

import dev.kapal.image.Snapshotter;
import dev.kapal.image.store.DurableFiles;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Where one snapshotter keeps its snapshots.
 *
 * @param root a directory with one directory a key
 * @param directory the same, open
 */
record SnapshotSpace(Snapshotter snapshotter, Path root, Fd directory) implements AutoCloseable {
  /** Opens it in a store, and makes it if it is missing. */
  static SnapshotSpace open(Descriptors calls, Path store, Snapshotter snapshotter)
      throws IOException {
    Path root =
        store.resolve(
            switch (snapshotter) {
              case OVERLAY -> "containers"; // as ever
              case COPY -> "containers-" + snapshotter.word();
            });
    DurableFiles.directory(root);
    return new SnapshotSpace(
        snapshotter,
        root,
        calls.open(root.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC));
  }

  @Override
  public void close() {
    directory.close();
  }
}
