package dev.kapal.image.unpack;

import dev.kapal.image.tar.TarException;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Stat;
import java.io.FileNotFoundException;
import java.util.Map;
import java.util.Optional;

/**
 * Adds to an unpacked layer what depends on the layers below it: attributes of directories that the
 * layer did not describe, copies of lower files that it links to (what overlayfs itself does on
 * link(2)), and in the end the times of directories.
 */
final class LayerFinisher {
  private final Descriptors calls;
  private final Fd root;
  private final LayerPlacer placer;
  private final LayerStack below;
  private final FileCopy copy;

  LayerFinisher(Descriptors calls, Fd root, LayerPlacer placer, LayerStack below) {
    this.calls = calls;
    this.root = root;
    this.placer = placer;
    this.below = below;
    this.copy = new FileCopy(calls);
  }

  void finish() {
    for (Map.Entry<String, String> link : placer.links.entrySet()) {
      try {
        link(link.getKey(), link.getValue());
      } catch (ErrnoException e) {
        throw LayerPlacer.explain(link.getKey(), e);
      }
    }
    if (!placer.rootSeen()) {
      inherit("", root);
    }
    for (String path : placer.implied) {
      openDirectory(path)
          .ifPresent(directory -> {
            try (directory) {
              inherit(path, directory);
            }
          });
    }
    placer.directories.forEach((path, mtime) ->
        openDirectory(path)
            .ifPresent(directory -> {
              try (directory) {
                calls.futimens(directory, mtime, mtime);
              }
            }));
  }

  /** A directory that may have been replaced by something else since. */
  private Optional<Fd> openDirectory(String path) {
    if (path.isEmpty()) {
      return Optional.of(calls.openat(root, ".", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY));
    }
    try {
      return Optional.of(
          calls.openInRoot(root, path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW));
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private void inherit(String path, Fd directory) {
    Optional<LayerStack.Found> found = below.find(path);
    if (found.isEmpty()) {
      if (!path.isEmpty()) {
        return;
      }
      calls.fchmod(directory, 0755);
      return;
    }
    try (LayerStack.Found lower = found.get()) {
      if (lower.stat().isDirectory()) {
        copy.attributes(lower.file(), lower.stat(), directory);
        placer.directories.putIfAbsent(path, lower.stat().mtime());
      }
    }
  }

  private void link(String path, String target) {
    try (Fd toDirectory = placer.walk().make(path, EntryPath.parent(path));
        Fd fromDirectory = placer.walk().make(path, EntryPath.parent(target))) {
      String from = EntryPath.base(target);
      Optional<Stat> here = calls.lstatIfExists(fromDirectory, from);
      if (here.isEmpty()) {
        try (LayerStack.Found lower =
            below
                .find(target)
                .orElseThrow(() ->
                    EntryPath.refuse(
                        path,
                        "is a hard link to "
                            + TarException.quote(target)
                            + ", which is not there"))) {
          copyUp(path, lower, fromDirectory, from);
        }
      } else if (Overlay.isWhiteout(here.get())) {
        throw EntryPath.refuse(path, "is a hard link to something that the layer deletes");
      }
      String to = EntryPath.base(path);
      if (calls.lstatIfExists(toDirectory, to).isEmpty()) {
        calls.linkat(fromDirectory, from, toDirectory, to, 0);
      }
    }
  }

  private void copyUp(String path, LayerStack.Found lower, Fd directory, String name) {
    try {
      copy.copy(lower.file(), lower.stat(), directory, name);
    } catch (FileNotFoundException _) {
      throw EntryPath.refuse(path, "is a hard link to a directory");
    }
  }
}
