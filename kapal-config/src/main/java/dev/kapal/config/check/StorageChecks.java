package dev.kapal.config.check;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The place where images and containers are kept. */
final class StorageChecks {
  private static final long LITTLE = 2L << 30;
  private static final long NOTHING = 100L << 20;
  private static final Set<String> NOT_FOR_OVERLAYS =
      Set.of("overlay", "nfs", "nfs4", "cifs", "smb3", "fuse", "fuseblk", "vfat", "exfat", "9p");

  private StorageChecks() {}

  /** All that was found by making files in the data directory. */
  static Check directory(Path data) {
    return host -> {
      Optional<Host.Store> found = host.store(data);
      if (found.isEmpty()) {
        return List.of(
            Group.STORAGE
                .failure(
                    "storage.directory",
                    data + " is no directory that can be used",
                    "make it, or set daemon.data_dir to another one")
                .of(data.toString()));
      }
      return of(data, found.get()).stream().map(f -> f.of(data.toString())).toList();
    };
  }

  static List<Finding> of(Path data, Host.Store store) {
    if (store.readOnly()) {
      return List.of(
          Group.STORAGE.failure(
              "storage.directory",
              data + " cannot be written",
              "mount it for writing, look for errors of the disk in dmesg, or set daemon.data_dir"));
    }
    List<Finding> all = new ArrayList<>();
    all.add(fileSystem(data, store));
    all.add(space(data, store));
    if (store.totalInodes() > 0) {
      all.add(inodes(data, store));
    }
    if (store.noExec()) {
      all.add(
          Group.STORAGE.failure(
              "storage.exec",
              data + " is mounted with noexec: no program of any image can be executed",
              "mount -o remount,exec its file system, or set daemon.data_dir"));
    }
    return all;
  }

  private static Finding fileSystem(Path data, Host.Store store) {
    String type = store.fileSystem();
    String elsewhere = "set daemon.data_dir to a directory on ext4, xfs or btrfs";
    if (!store.types()) {
      return Group.STORAGE.failure(
          "storage.file-system",
          data + " is on " + type + " without file types in directories (d_type)",
          type.equals("xfs") ? "make it anew: mkfs.xfs -n ftype=1, or " + elsewhere : elsewhere);
    }
    if (!store.xattrs()) {
      return Group.STORAGE.failure(
          "storage.file-system",
          data
              + " is on "
              + type
              + ", which takes no trusted extended attributes; overlays need them",
          elsewhere);
    }
    if (NOT_FOR_OVERLAYS.contains(type)) {
      return Group.STORAGE.failure(
          "storage.file-system",
          data + " is on " + type + ", which overlayfs does not take for what containers write",
          elsewhere);
    }
    return type.equals("tmpfs")
        ? Group.STORAGE.warning(
            "storage.file-system",
            data + " is on tmpfs: images take memory and are gone after a restart",
            elsewhere)
        : Group.STORAGE.ok(
            "storage.file-system", type + ", with file types and extended attributes");
  }

  private static Finding space(Path data, Host.Store store) {
    long free = store.availableBytes();
    if (free >= LITTLE) {
      return Group.STORAGE.ok("storage.space", Facts.size(free) + " free");
    }
    String sentence = "only " + Facts.size(free) + " are free on the file system of " + data;
    String remedy = "remove what is not used: kapal system prune -a, or set daemon.data_dir";
    return free < NOTHING
        ? Group.STORAGE.failure("storage.space", sentence, remedy)
        : Group.STORAGE.warning("storage.space", sentence, remedy);
  }

  private static Finding inodes(Path data, Host.Store store) {
    long free = store.freeInodes();
    if (free >= 100_000) {
      return Group.STORAGE.ok("storage.inodes", free + " inodes free");
    }
    String sentence =
        "only "
            + free
            + " of "
            + store.totalInodes()
            + " inodes are free on the file system of "
            + data
            + "; writing then fails with \"no space left on device\"";
    String remedy = "remove what is not used: kapal system prune -a, or set daemon.data_dir";
    return free < 5_000
        ? Group.STORAGE.failure("storage.inodes", sentence, remedy)
        : Group.STORAGE.warning("storage.inodes", sentence, remedy);
  }
}
