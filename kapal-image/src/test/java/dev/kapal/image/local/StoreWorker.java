package dev.kapal.image.local;

import dev.kapal.image.CommitRequest;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.Snapshotter;
import dev.kapal.oci.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A process that uses a store until it is killed, or until the disk is full. */
final class StoreWorker {
  private StoreWorker() {}

  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[1]);
    try (LocalImages images = StoreFixture.open(root)) {
      if (args[0].equals("full")) {
        full(images, root);
        return;
      }
      System.out.println("begun");
      for (int i = 0; ; i++) {
        work(images, i);
      }
    }
  }

  private static void full(LocalImages images, Path root) throws Exception {
    Path ballast = root.resolve("ballast");
    Files.write(ballast, new byte[Integer.getInteger("ballast")]);
    try {
      images.ensureEmbedded();
      System.out.println("no failure");
    } catch (ImageException.Failed e) {
      System.out.println("failed: " + e.getMessage());
    }
    System.out.println("images: " + images.list(ImageFilters.NONE).size());
    Files.delete(ballast);
    images.prune(new PruneRequest(false, Optional.empty(), Map.of()));
    System.out.println("then: " + images.ensureEmbedded().names());
    System.out.println("clean: " + images.check(false).findings().isEmpty());
  }

  private static void work(LocalImages images, int i) throws Exception {
    Image busybox = images.ensureEmbedded();
    images.tag("busybox", Reference.parse("localhost/other:" + i % 3));
    String key = "c" + System.nanoTime();
    Snapshot snapshot = images.snapshots().prepare(key, busybox, SnapshotOptions.NONE);
    Files.write(snapshot.upper().resolve("data"), new byte[200_000 + i]);
    Image made =
        images.commit(
            new CommitRequest(
                key,
                Set.of(),
                busybox.id(),
                Optional.empty(),
                List.of("ENV N=" + i),
                Optional.of(Reference.parse("localhost/made")),
                "",
                ""));
    images.snapshots().remove(key);
    String copy = key + ".copy";
    Snapshot plain =
        images.snapshots().prepare(copy, busybox, SnapshotOptions.DURABLE.with(Snapshotter.COPY));
    Files.write(plain.upper().resolve("data"), new byte[1000]);
    images.snapshots().remove(copy);
    images.remove(made.id().toString(), true);
    images.remove("localhost/other:" + i % 3, false);
    images.remove("localhost/busybox", true);
    System.out.println("round " + i);
  }
}
